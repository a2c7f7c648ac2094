// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.memory;

import io.vfio4j.model.IovaRange;
import java.util.List;

/**
 * All memory that moves with a migration.
 *
 * @param list at most 64 regions with names of their own, whose addresses do not overlap; their order gives their
 *     numbers
 */
public record MemoryRegions(List<MemoryRegion> list) {

  /** No memory at all. */
  public static final MemoryRegions NONE = new MemoryRegions(List.of());

  /**
   * Checks the regions beside each other.
   *
   * @throws IllegalArgumentException if there are too many, two have one name, or two overlap
   */
  public MemoryRegions {
    list = List.copyOf(list);
    RegionRules.violation(list).ifPresent(complaint -> {
      throw new IllegalArgumentException(complaint);
    });
  }

  /** Makes the memory of these regions. */
  public static MemoryRegions of(MemoryRegion... regions) {
    return new MemoryRegions(List.of(regions));
  }

  /** Tells whether there is none. */
  public boolean isEmpty() {
    return list.isEmpty();
  }

  /** Returns how many bytes there are. */
  public long size() {
    return list.stream().mapToLong(MemoryRegion::size).sum();
  }

  public int count() {
    return list.size();
  }

  public MemoryRegion get(int number) {
    return list.get(number);
  }

  /** Returns the addresses, region by region. */
  public List<IovaRange> ranges() {
    return list.stream().map(RegionRules::range).toList();
  }
}
