// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.engine.memory.MemoryRegions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;

/** The memory regions of one side, mapped until closed. A failure to unmap is only a warning, since the work is done. */
public final class MappedMemory implements AutoCloseable {

  private final Arena arena;
  private final MemoryRegions regions;
  private final Consumer<String> log;

  MappedMemory(Arena arena, MemoryRegions regions, Consumer<String> log) {
    this.arena = arena;
    this.regions = regions;
    this.log = log;
  }

  /**
   * Maps all regions, or none.
   *
   * @param log receives warnings
   */
  @SuppressWarnings("MustBeClosedChecker") // Closed by close().
  public static MappedMemory map(List<RegionArgument> arguments, CommandSpec spec, Consumer<String> log)
      throws IOException {
    Arena arena = Arena.ofShared();
    try {
      List<MemoryRegion> mapped = new ArrayList<>();
      for (RegionArgument region : arguments) {
        mapped.add(region.map(arena));
      }
      return new MappedMemory(arena, regions(mapped, spec), log);
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static MemoryRegions regions(List<MemoryRegion> mapped, CommandSpec spec) {
    try {
      return new MemoryRegions(mapped);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(spec, e);
    }
  }

  public MemoryRegions regions() {
    return regions;
  }

  @Override
  public void close() {
    try {
      arena.close();
    } catch (RuntimeException e) {
      log.accept("memory of --region stays mapped until this command ends: " + e.getMessage());
    }
  }
}
