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
 * Compares the internal memory of the source device with that of the target device: they must be equal except for later
 * changes by churn. Change {@code n} writes {@code n} to the start of page {@code (n-1) mod PAGES}.
 */
final class MemoryComparison {

  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long CHUNK = 1 << 20;

  private final Memory source;
  private final Memory target;
  private final long begin;
  private final long size;

  /** The internal memory of a device, or a copy of it. */
  @FunctionalInterface
  interface Memory {
    void readMemory(long offset, MemorySegment into) throws DeviceException;
  }

  /**
   * Creates a comparison.
   *
   * @param begin offset at which to begin; peers change the memory before it
   * @param size size of the whole memory in bytes
   */
  MemoryComparison(Memory source, Memory target, long begin, long size) {
    this.source = source;
    this.target = target;
    this.begin = begin;
    this.size = size;
  }

  /**
   * Compares the memory.
   *
   * @param before the count of changes at the source
   * @param after the count of changes at the target, where churn is off
   * @return a description of the first difference, if there is one
   */
  Optional<String> difference(long before, long after) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sourceBuffer = arena.allocate(CHUNK);
      MemorySegment targetBuffer = arena.allocate(CHUNK);
      for (long at = begin; at < size; at += CHUNK) {
        MemorySegment expected = sourceBuffer.asSlice(0, Math.min(CHUNK, size - at));
        MemorySegment actual = targetBuffer.asSlice(0, expected.byteSize());
        source.readMemory(at, expected);
        target.readMemory(at, actual);
        applyChurn(expected, at, before, after);
        long mismatch = expected.mismatch(actual);
        if (mismatch >= 0) {
          return Optional.of("internal memory differs at 0x%x".formatted(at + mismatch));
        }
      }
    }
    return Optional.empty();
  }

  private void applyChurn(MemorySegment chunk, long at, long before, long after) {
    long pages = size / ScratchLayout.PAGE_SIZE;
    for (long offset = 0; offset < chunk.byteSize(); offset += ScratchLayout.PAGE_SIZE) {
      long page = (at + offset) / ScratchLayout.PAGE_SIZE;
      if (after > page) {
        long newest = after - (after - 1 - page) % pages;
        if (newest > before) {
          chunk.set(U64, offset, newest);
        }
      }
    }
  }
}
