// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.util.BitSet;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * The DMA log of a foreign server's board. It covers all memory, whatever ranges are requested, in pages of 4 KiB.
 */
final class BoardDmaLog {

  static final long PAGE = 4096;

  private final NavigableSet<Long> pages = new TreeSet<>(Long::compareUnsigned);
  private boolean isOn;

  void start() throws ErrnoException {
    if (isOn) {
      throw new ErrnoException(Errno.EINVAL, "the log is already started");
    }
    isOn = true;
  }

  void stop() throws ErrnoException {
    check();
    clear();
  }

  void clear() {
    isOn = false;
    pages.clear();
  }

  private void check() throws ErrnoException {
    if (!isOn) {
      throw new ErrnoException(Errno.EINVAL, "the log is not started");
    }
  }

  void mark(long iova, long length) {
    for (long page = iova / PAGE; isOn && page <= (iova + length - 1) / PAGE; page++) {
      pages.add(page);
    }
  }

  /** Returns and clears the dirty bitmap of a range, mapped or not. */
  byte[] report(long iova, long length, long pageSize) throws ErrnoException {
    check();
    if (pageSize < PAGE || Long.bitCount(pageSize) != 1 || length <= 0 || length / pageSize > 1 << 24) {
      throw new ErrnoException(Errno.EINVAL,
          "a report of %d bytes in pages of %d".formatted(length, pageSize));
    }
    BitSet bits = new BitSet();
    NavigableSet<Long> within = pages.subSet(iova / PAGE, true, (iova + length - 1) / PAGE, true);
    within.forEach(page -> bits.set((int) ((page * PAGE - iova) / pageSize)));
    within.clear();
    long words = (Math.ceilDiv(length, pageSize) + Long.SIZE - 1) / Long.SIZE;
    byte[] bitmap = new byte[(int) words * Long.BYTES];
    byte[] set = bits.toByteArray();
    System.arraycopy(set, 0, bitmap, 0, set.length);
    return bitmap;
  }
}
