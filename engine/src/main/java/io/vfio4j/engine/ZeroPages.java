// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Tells pages of zeros from others. Most others are known by their first bytes. */
final class ZeroPages {

  private static final int PAGE = (int) RegionRules.PAGE_SIZE;
  private static final MemorySegment ZEROS = Arena.global().allocate(PAGE, PAGE).asReadOnly();

  private ZeroPages() {
  }

  static boolean isZero(MemorySegment memory, long offset) {
    return memory.get(ValueLayout.JAVA_LONG_UNALIGNED, offset) == 0
        && MemorySegment.mismatch(memory, offset, offset + PAGE, ZEROS, 0, PAGE) < 0;
  }

  /** Makes a page zero. One that is already is only read, so that it need not be sent to where it is swapped to. */
  static void clear(MemorySegment memory, long offset) {
    if (!isZero(memory, offset)) {
      MemorySegment.copy(ZEROS, 0, memory, offset, PAGE);
    }
  }
}
