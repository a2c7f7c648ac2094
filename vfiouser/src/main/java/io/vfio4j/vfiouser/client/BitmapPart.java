// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The dirty bitmap of a part of a range.
 *
 * @param part the range that the bitmap covers, from bit 0 on
 * @param pageSize bytes per bit, a power of two
 * @param bits the bits, least significant first, whole 64-bit words
 */
record BitmapPart(IovaRange part, long pageSize, MemorySegment bits) {

  /**
   * Sets the bits in the bitmap of the whole range. If the part is not aligned to the range's pages, a page
   * of the part overlaps two of the range: both are dirty.
   *
   * @param range the range that the bitmap covers, which contains the part
   * @param bitmap has the same page size; no bit is cleared
   */
  void addTo(IovaRange range, MemorySegment bitmap) {
    long before = part.iova() - range.iova();
    boolean isAligned = before % (Long.SIZE * pageSize) == 0;
    for (long at = 0; at < bits.byteSize(); at += Long.BYTES) {
      if (isAligned && at + Long.BYTES < bits.byteSize()) {
        long into = before / (Byte.SIZE * pageSize) + at;
        bitmap.set(LittleEndian.U64, into,
            bitmap.get(LittleEndian.U64, into) | bits.get(LittleEndian.U64, at));
        continue;
      }
      for (long word = bits.get(LittleEndian.U64, at); word != 0; word &= word - 1) {
        long offset = (at * Byte.SIZE + Long.numberOfTrailingZeros(word)) * pageSize;
        if (Long.compareUnsigned(offset, part.length()) >= 0) {
          return; // A server may set any bits beyond the last page.
        }
        long last = Math.min(pageSize, part.length() - offset) - 1;
        set(bitmap, Long.divideUnsigned(before + offset, pageSize),
            Long.divideUnsigned(before + offset + last, pageSize));
      }
    }
  }

  private static void set(MemorySegment bitmap, long first, long last) {
    for (long bit = first; bit <= last; bit++) {
      long at = bit >>> 3;
      byte old = bitmap.get(ValueLayout.JAVA_BYTE, at);
      bitmap.set(ValueLayout.JAVA_BYTE, at, (byte) (old | (1 << (bit & 7))));
    }
  }
}
