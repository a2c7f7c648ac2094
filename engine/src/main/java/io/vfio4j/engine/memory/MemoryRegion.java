// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

import java.lang.foreign.MemorySegment;

/**
 * A region of memory that the workload and its devices write to, and that migrates with them.
 *
 * @param name the name, equal on both sides: 1 to 64 letters, digits, dots, hyphens and underscores
 * @param iova the address of its first byte for devices, unsigned, a multiple of 4096
 * @param memory its bytes, native and writable, a multiple of 4096 of them. The caller keeps it alive while the migration
 *     runs; truncating a file that it is mapped from makes accesses fail
 * @param store holds the bytes; a target queries it for space
 */
public record MemoryRegion(String name, long iova, MemorySegment memory, BackingStore store)
    implements
      RegionRules.NamedRange {

  /**
   * Checks the region.
   *
   * @throws IllegalArgumentException if the name is invalid, the memory is on the heap or read-only, or address or size
   *     are not whole pages or extend beyond the last address
   */
  public MemoryRegion {
    RegionRules.violation(name, iova, memory.byteSize()).ifPresent(violation -> {
      throw new IllegalArgumentException(violation);
    });
    if (!memory.isNative() || memory.isReadOnly()) {
      throw new IllegalArgumentException(
          "region %s is not native, writable memory".formatted(name));
    }
  }

  /**
   * Creates a region whose space is unknown.
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
