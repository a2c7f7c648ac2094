// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

import java.lang.foreign.MemorySegment;

/**
 * A region of memory that the workload and its devices write to, and that moves with them.
 *
 * @param name what it is called on both sides, 1 to 64 letters, digits, dots, hyphens and underscores
 * @param iova the address by which devices know its first byte, unsigned, a multiple of 4096
 * @param memory its bytes, native and writable, a multiple of 4096 of them. It is the caller's, and has to stay as
 *     long as the migration runs; who cuts a file that it is mapped from makes accesses to it fail
 * @param store what holds the bytes; a target asks it whether there is room for all of them
 */
public record MemoryRegion(String name, long iova, MemorySegment memory, BackingStore store)
    implements
      RegionRules.NamedRange {

  /**
   * Checks the region.
   *
   * @throws IllegalArgumentException if the name is not one, the memory is on the heap or read-only, or address or size
   *     are not whole pages or reach beyond the last address
   */
  public MemoryRegion {
    RegionRules.violation(name, iova, memory.byteSize()).ifPresent(complaint -> {
      throw new IllegalArgumentException(complaint);
    });
    if (!memory.isNative() || memory.isReadOnly()) {
      throw new IllegalArgumentException(
          "region %s is not native memory that can be written to".formatted(name));
    }
  }

  /**
   * Makes a region of which nobody knows whether there is room for it.
   *
   * @throws IllegalArgumentException as with all components
   */
  public MemoryRegion(String name, long iova, MemorySegment memory) {
    this(name, iova, memory, BackingStore.UNKNOWN);
  }

  /** Returns the size in bytes. */
  @Override
  public long size() {
    return memory.byteSize();
  }

  /** Returns the number of pages of 4096 bytes. */
  public long pages() {
    return size() >>> RegionRules.PAGE_SHIFT;
  }
}
