// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.pages;

import io.vfio4j.engine.memory.RegionRules;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Recognises and writes zero pages, for one thread. Most other pages differ in their first bytes. */
final class ZeroPages {

  private static final long PAGE = RegionRules.PAGE_SIZE;
  private static final MemorySegment ZEROS = Arena.global().allocate(PAGE, PAGE).asReadOnly();

  /**
   * A copy of the page to compare. HotSpot handles a SIGBUS, from a truncated file, while it copies; in {@code mismatch} it
   * does not, and would abort the process.
   */
  private final MemorySegment copy = Arena.ofAuto().allocate(PAGE, PAGE);

  boolean isZero(MemorySegment memory, long offset) {
    if (memory.get(ValueLayout.JAVA_LONG_UNALIGNED, offset) != 0) {
      return false;
    }
    MemorySegment.copy(memory, offset, copy, 0, PAGE);
    return MemorySegment.mismatch(copy, 0, PAGE, ZEROS, 0, PAGE) < 0;
  }

  /** Clears a page, unless it is zero already: that would dirty it. */
  void clear(MemorySegment memory, long offset) {
    if (!isZero(memory, offset)) {
      MemorySegment.copy(ZEROS, 0, memory, offset, PAGE);
    }
  }
}
