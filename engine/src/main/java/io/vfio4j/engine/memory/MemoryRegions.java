// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

import io.vfio4j.model.IovaRange;
import java.util.List;

/**
 * All memory of a migration.
 *
 * @param list at most 64 regions with unique names and without overlap; their order gives their numbers
 */
public record MemoryRegions(List<MemoryRegion> list) {

  /** No memory. */
  public static final MemoryRegions NONE = new MemoryRegions(List.of());

  /**
   * Checks the regions against each other.
   *
   * @throws IllegalArgumentException if there are too many, two have the same name, or two overlap
   */
  public MemoryRegions {
    list = List.copyOf(list);
    RegionRules.violation(list).ifPresent(violation -> {
      throw new IllegalArgumentException(violation);
    });
  }

  public static MemoryRegions of(MemoryRegion... regions) {
    return new MemoryRegions(List.of(regions));
  }

  /** Returns whether there is no region. */
  public boolean isEmpty() {
    return list.isEmpty();
  }

  /** Returns the total size in bytes. */
  public long size() {
    return list.stream().mapToLong(MemoryRegion::size).sum();
  }

  public int count() {
    return list.size();
  }

  public MemoryRegion get(int number) {
    return list.get(number);
  }

  /** Returns the address ranges of the regions, in order. */
  public List<IovaRange> ranges() {
    return list.stream().map(RegionRules::range).toList();
  }
}
