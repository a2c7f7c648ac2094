// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.dma.DirtyLog;

/**
 * What one end of a connection takes, or what both agreed on.
 *
 * @param maxMsgFds file descriptors in a message, from 0 on
 * @param maxDataXferSize bytes of data in a message, from 1 on: the protocol has no minimum, but with none nothing goes
 * @param maxDmaMaps mappings at one time, from 1 on
 * @param maxBitmapSize bytes of a dirty bitmap, from 8 on
 * @param pageSizes sizes of pages in which memory may be mapped, each a power of two and a bit here
 */
public record Limits(int maxMsgFds, int maxDataXferSize, int maxDmaMaps, long maxBitmapSize, long pageSizes) {

  /** What the protocol assumes of a peer that names no sizes of pages. */
  public static final long ASSUMED_PAGE_SIZE = 4096;
  /** In pages of this size memory written by DMA is reported; reports in larger ones are put together from them. */
  public static final long DIRTY_PAGE_SIZE = DirtyLog.PAGE_SIZE;
  /** All from 4 KiB on. */
  private static final long PAGE_SIZES = Long.MAX_VALUE & -ASSUMED_PAGE_SIZE;

  /** What the protocol assumes of a peer that does not name max_msg_fds. */
  public static final int ASSUMED_MAX_MSG_FDS = 1;

  /**
   * What an end of ours offers, and what the protocol assumes of a peer that names no limits, except for descriptors and
   * sizes of pages.
   */
  public static final Limits DEFAULT = new Limits(8, 1 << 20, 65535, 32L << 20, PAGE_SIZES);

  /** Commands without data are as long as they are, such as DMA_LOGGING_START with all its ranges. */
  private static final int MAX_CONTROL_SIZE = 16 << 10;
  /** Fields before the data of the largest message. */
  private static final int MAX_FIELDS_SIZE = 64;

  /** Checks that the limits leave room to work. */
  public Limits {
    if (maxMsgFds < 0 || maxDataXferSize < 1 || maxDmaMaps < 1
        || maxBitmapSize < Long.BYTES || pageSizes <= 0) {
      throw new IllegalArgumentException("limits too small to work with");
    }
  }

  /** Makes limits with pages of 4 KiB and all larger sizes. */
  public Limits(int maxMsgFds, int maxDataXferSize, int maxDmaMaps, long maxBitmapSize) {
    this(maxMsgFds, maxDataXferSize, maxDmaMaps, maxBitmapSize, PAGE_SIZES);
  }

  /** Returns these limits with another number of descriptors in a message. */
  public Limits withMaxMsgFds(int fds) {
    return new Limits(fds, maxDataXferSize, maxDmaMaps, maxBitmapSize, pageSizes);
  }

  /** Returns these limits with another number of bytes of data in a message. */
  public Limits withMaxDataXferSize(int bytes) {
    return new Limits(maxMsgFds, bytes, maxDmaMaps, maxBitmapSize, pageSizes);
  }

  /** Returns these limits with another number of mappings. */
  public Limits withMaxDmaMaps(int maps) {
    return new Limits(maxMsgFds, maxDataXferSize, maps, maxBitmapSize, pageSizes);
  }

  /** Returns these limits with another number of bytes of a dirty bitmap. */
  public Limits withMaxBitmapSize(long bytes) {
    return new Limits(maxMsgFds, maxDataXferSize, maxDmaMaps, bytes, pageSizes);
  }

  /** Returns these limits with other sizes of pages. */
  public Limits withPageSizes(long sizes) {
    return new Limits(maxMsgFds, maxDataXferSize, maxDmaMaps, maxBitmapSize, sizes);
  }

  /**
   * Returns the lower of both sides' values.
   *
   * @throws ErrnoException EINVAL if they have no size of pages in common
   */
  public Limits negotiate(Limits other) throws ErrnoException {
    if ((pageSizes & other.pageSizes) == 0) {
      throw new ErrnoException(Errno.EINVAL, "no size of pages in common: 0x%x and 0x%x"
          .formatted(pageSizes, other.pageSizes));
    }
    return new Limits(Math.min(maxMsgFds, other.maxMsgFds), Math.min(maxDataXferSize, other.maxDataXferSize),
        Math.min(maxDmaMaps, other.maxDmaMaps), Math.min(maxBitmapSize, other.maxBitmapSize),
        pageSizes & other.pageSizes);
  }

  /** Returns the longest body of a command. */
  public int maxBodySize() {
    return Math.max(maxDataXferSize, MAX_CONTROL_SIZE) + MAX_FIELDS_SIZE;
  }

  /** Tells whether something may be mapped at an address, or so many bytes of it. */
  public boolean isPageMultiple(long value) {
    return (value & (Long.lowestOneBit(pageSizes) - 1)) == 0;
  }
}
