// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.dma.DirtyLog;

/**
 * The limits of one end of a connection, or those negotiated.
 *
 * @param maxMsgFds most file descriptors in a message, at least 0
 * @param maxDataXferSize most bytes of data in a message, at least 1 (the protocol has no minimum)
 * @param maxDmaMaps most mappings at a time, at least 1
 * @param maxBitmapSize most bytes of a dirty bitmap, at least 8
 * @param pageSizes page sizes in which memory may be mapped: a bit mask, as each is a power of two
 */
public record Limits(int maxMsgFds, int maxDataXferSize, int maxDmaMaps, long maxBitmapSize, long pageSizes) {

  /** The page size that the protocol assumes of a peer that does not name any. */
  public static final long ASSUMED_PAGE_SIZE = 4096;
  /** The page size of dirty tracking; a report in larger pages is combined from these. */
  public static final long DIRTY_PAGE_SIZE = DirtyLog.PAGE_SIZE;
  /** All page sizes from 4 KiB. */
  private static final long PAGE_SIZES = Long.MAX_VALUE & -ASSUMED_PAGE_SIZE;

  /** The value of max_msg_fds that the protocol assumes of a peer that does not name it. */
  public static final int ASSUMED_MAX_MSG_FDS = 1;

  /**
   * What vfio4j offers. Also what the protocol assumes of a peer that names no limits, except for descriptors
   * and page sizes.
   */
  public static final Limits DEFAULT = new Limits(8, 1 << 20, 65535, 32L << 20, PAGE_SIZES);

  /** The longest body of a command without data, such as DMA_LOGGING_START with all its ranges. */
  private static final int MAX_CONTROL_SIZE = 16 << 10;
  /** Fields before the data of the longest message. */
  private static final int MAX_FIELDS_SIZE = 64;

  /** Checks the minimums. */
  public Limits {
    if (maxMsgFds < 0 || maxDataXferSize < 1 || maxDmaMaps < 1
        || maxBitmapSize < Long.BYTES || pageSizes <= 0) {
      throw new IllegalArgumentException(
          "limits too small: %d descriptors, %d bytes of data, %d mappings, %d bytes of bitmap, pages 0x%x"
              .formatted(maxMsgFds, maxDataXferSize, maxDmaMaps, maxBitmapSize, pageSizes));
    }
  }

  /** Creates limits with all page sizes from 4 KiB. */
  public Limits(int maxMsgFds, int maxDataXferSize, int maxDmaMaps, long maxBitmapSize) {
    this(maxMsgFds, maxDataXferSize, maxDmaMaps, maxBitmapSize, PAGE_SIZES);
  }

  /** Returns a builder that has the limits of {@link #DEFAULT}. */
  public static Builder builder() {
    return DEFAULT.toBuilder();
  }

  /** Returns a builder that has these limits. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  public Limits withMaxMsgFds(int value) {
    return toBuilder().maxMsgFds(value).build();
  }

  public Limits withMaxDataXferSize(int value) {
    return toBuilder().maxDataXferSize(value).build();
  }

  public Limits withMaxDmaMaps(int value) {
    return toBuilder().maxDmaMaps(value).build();
  }

  public Limits withMaxBitmapSize(long value) {
    return toBuilder().maxBitmapSize(value).build();
  }

  public Limits withPageSizes(long value) {
    return toBuilder().pageSizes(value).build();
  }

  /**
   * Returns the lower of both sides' values.
   *
   * @throws ErrnoException EINVAL if they have no page size in common
   */
  public Limits negotiate(Limits other) throws ErrnoException {
    if ((pageSizes & other.pageSizes) == 0) {
      throw new ErrnoException(Errno.EINVAL, "no common page size: 0x%x and 0x%x"
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

  /** Returns whether an address or a length is a multiple of the smallest page size. */
  public boolean isPageMultiple(long value) {
    return (value & (Long.lowestOneBit(pageSizes) - 1)) == 0;
  }

  /** Collects limits. */
  public static final class Builder {
    private int maxMsgFds;
    private int maxDataXferSize;
    private int maxDmaMaps;
    private long maxBitmapSize;
    private long pageSizes;

    private Builder(Limits limits) {
      maxMsgFds = limits.maxMsgFds;
      maxDataXferSize = limits.maxDataXferSize;
      maxDmaMaps = limits.maxDmaMaps;
      maxBitmapSize = limits.maxBitmapSize;
      pageSizes = limits.pageSizes;
    }

    public Builder maxMsgFds(int value) {
      maxMsgFds = value;
      return this;
    }

    public Builder maxDataXferSize(int value) {
      maxDataXferSize = value;
      return this;
    }

    public Builder maxDmaMaps(int value) {
      maxDmaMaps = value;
      return this;
    }

    public Builder maxBitmapSize(long value) {
      maxBitmapSize = value;
      return this;
    }

    public Builder pageSizes(long value) {
      pageSizes = value;
      return this;
    }

    public Limits build() {
      return new Limits(maxMsgFds, maxDataXferSize, maxDmaMaps, maxBitmapSize, pageSizes);
    }
  }
}
