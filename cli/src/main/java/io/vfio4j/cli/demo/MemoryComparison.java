// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.devices.scratch.ScratchLayout;
import io.vfio4j.model.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Compares the internal memory of the device that was left with that of the one that goes on: equal, but for the
 * changes that churn made since. Change {@code n} puts {@code n} at the start of page {@code (n-1) mod PAGES}.
 */
final class MemoryComparison {

  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long PIECE = 1 << 20;

  private final GuestDevice source;
  private final GuestDevice target;
  private final long begin;
  private final long size;

  /**
   * Makes one.
   *
   * @param begin where in memory to begin; what is before changes in another way
   * @param size bytes of all memory
   */
  MemoryComparison(GuestDevice source, GuestDevice target, long begin, long size) {
    this.source = source;
    this.target = target;
    this.begin = begin;
    this.size = size;
  }

  /**
   * Compares all memory from the beginning on.
   *
   * @param before churn's count at the source
   * @param after churn's count at the target, where churn is off
   * @return the first difference in words, if there is one
   */
  Optional<String> difference(long before, long after) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment expected = arena.allocate(PIECE);
      MemorySegment found = arena.allocate(PIECE);
      for (long at = begin; at < size; at += PIECE) {
        MemorySegment want = expected.asSlice(0, Math.min(PIECE, size - at));
        MemorySegment have = found.asSlice(0, want.byteSize());
        source.readMemory(at, want);
        target.readMemory(at, have);
        applyChurn(want, at, before, after);
        long mismatch = want.mismatch(have);
        if (mismatch >= 0) {
          return Optional.of("internal memory differs at 0x%x".formatted(at + mismatch));
        }
      }
    }
    return Optional.empty();
  }

  private void applyChurn(MemorySegment piece, long at, long before, long after) {
    long pages = size / ScratchLayout.PAGE_SIZE;
    for (long offset = 0; offset < piece.byteSize(); offset += ScratchLayout.PAGE_SIZE) {
      long page = (at + offset) / ScratchLayout.PAGE_SIZE;
      if (after > page) {
        long newest = after - (after - 1 - page) % pages;
        if (newest > before) {
          piece.set(U64, offset, newest);
        }
      }
    }
  }
}
