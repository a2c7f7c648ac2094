// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.dma;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Fills the bitmap of a report from the pages of the log. */
final class DirtyReport {

  private static final ValueLayout.OfLong LE_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int PAGE_SHIFT = DirtyLog.PAGE_SHIFT;

  private final long iova;
  private final long last;
  private final int pageShift;
  private final MemorySegment bitmap;
  private final boolean isPageAligned;

  /**
   * Creates a report. The arguments have been checked.
   *
   * @param bitmap bit 0 is the page that begins at the first address of the range
   */
  DirtyReport(IovaRange range, long pageSize, MemorySegment bitmap) {
    this.iova = range.iova();
    this.last = range.last();
    this.pageShift = Long.numberOfTrailingZeros(pageSize);
    this.bitmap = bitmap;
    isPageAligned = pageShift == PAGE_SHIFT && (iova & (DirtyLog.PAGE_SIZE - 1)) == 0;
  }

  /**
   * Adds pages.
   *
   * @param firstPage the page of bit 0, counted from address 0
   * @param bits the pages, each of which lies at least partly in the range
   */
  void add(long firstPage, long bits) {
    if (isPageAligned) {
      addAligned(firstPage - (iova >>> PAGE_SHIFT), bits);
    } else {
      addUnaligned(firstPage, bits);
    }
  }

  /** Adds pages to a bitmap of the same page size, whose words are only shifted against those of the log. */
  private void addAligned(long firstBit, long bits) {
    if (firstBit < 0) {
      or(0, bits >>> -firstBit);
      return;
    }
    or(firstBit >>> 6, bits << firstBit);
    long rest = (firstBit & 63) == 0 ? 0 : bits >>> -firstBit;
    if (rest != 0) {
      or((firstBit >>> 6) + 1, rest);
    }
  }

  /**
   * Adds pages one by one: a page has two bits if the range is not aligned, and a bit covers several pages if
   * those of the bitmap are larger.
   */
  private void addUnaligned(long firstPage, long bits) {
    for (long remaining = bits; remaining != 0; remaining &= remaining - 1) {
      long address = (firstPage + Long.numberOfTrailingZeros(remaining)) << PAGE_SHIFT;
      long end = address + (DirtyLog.PAGE_SIZE - 1);
      long firstBit = (Long.compareUnsigned(address, iova) > 0 ? address - iova : 0) >>> pageShift;
      long lastBit = ((Long.compareUnsigned(end, last) < 0 ? end : last) - iova) >>> pageShift;
      or(firstBit >>> 6, 1L << firstBit);
      or(lastBit >>> 6, 1L << lastBit);
    }
  }

  private void or(long word, long bits) {
    long offset = word * Long.BYTES;
    bitmap.set(LE_LONG, offset, bitmap.get(LE_LONG, offset) | bits);
  }
}
