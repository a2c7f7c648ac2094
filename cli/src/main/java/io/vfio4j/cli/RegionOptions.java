// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.MemoryRegion;
import io.vfio4j.engine.MemoryRegions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The memory that moves along. To be mixed in. */
final class RegionOptions {

  @Option(names = "--region", paramLabel = "NAME=PATH@IOVA[:SIZE]", converter = RegionArgument.Converter.class, description = {
      "Memory that moves with the devices, which write to it at IOVA: a file that is it, as of a memfd (/proc/PID/fd/N), on hugetlbfs or in /dev/shm.",
      "May be given several times; the other side has a region of the same name, place and size."})
  private List<RegionArgument> regions = new ArrayList<>();

  boolean isEmpty() {
    return regions.isEmpty();
  }

  /**
   * Maps all memory.
   *
   * @param arena where it stays mapped
   */
  MemoryRegions map(Arena arena, CommandSpec spec) throws IOException {
    return map(regions, arena, spec);
  }

  static MemoryRegions map(List<RegionArgument> regions, Arena arena, CommandSpec spec) throws IOException {
    List<MemoryRegion> mapped = new ArrayList<>();
    for (RegionArgument region : regions) {
      mapped.add(region.map(arena));
    }
    try {
      return new MemoryRegions(mapped);
    } catch (IllegalArgumentException e) {
      throw Options.wrong(spec, e);
    }
  }
}
