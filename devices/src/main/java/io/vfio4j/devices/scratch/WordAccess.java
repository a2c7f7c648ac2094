// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Turns accesses of a region into those of its registers. */
final class WordAccess {

  /** Registers, read by 64 bits and written by 32. */
  interface Registers {

    /** Reads 8 bytes at a multiple of 8. */
    long read(int offset);

    /** Writes 4 bytes at a multiple of 4. */
    void write(int offset, int value);
  }

  private static final ValueLayout.OfInt LE_INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private WordAccess() {
  }

  /** Reads bytes from any offset. */
  static void read(Registers registers, int offset, MemorySegment into) {
    long eight = 0;
    for (int i = 0; i < into.byteSize(); i++) {
      int at = offset + i;
      if (i == 0 || at % Long.BYTES == 0) {
        eight = registers.read(at & -Long.BYTES);
      }
      into.set(JAVA_BYTE, i, (byte) (eight >>> (at % Long.BYTES * Byte.SIZE)));
    }
  }

  /**
   * Writes whole words, the low half of a 64-bit register before the high one. Returns false for other
   * writes.
   */
  static boolean write(Registers registers, int offset, MemorySegment data) {
    if (offset % Integer.BYTES != 0 || data.byteSize() % Integer.BYTES != 0) {
      return false;
    }
    for (int i = 0; i < data.byteSize(); i += Integer.BYTES) {
      registers.write(offset + i, data.get(LE_INT, i));
    }
    return true;
  }
}
