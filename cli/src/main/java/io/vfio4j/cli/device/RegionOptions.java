// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The memory that moves along. To be mixed in. */
public final class RegionOptions {

  @Option(names = "--region", paramLabel = "NAME=PATH@IOVA[:SIZE]", converter = RegionArgument.Converter.class, description = {
      "Memory that moves with the devices, which write to it at IOVA: a file that is it, as of a memfd (/proc/PID/fd/N), on hugetlbfs or in /dev/shm.",
      "May be given several times; the other side has a region of the same name, place and size."})
  private List<RegionArgument> regions = new ArrayList<>();

  public boolean isEmpty() {
    return regions.isEmpty();
  }

  /**
   * Maps all memory.
   *
   * @param log takes warnings
   */
  public MappedMemory map(CommandSpec spec, Consumer<String> log) throws IOException {
    return MappedMemory.map(regions, spec, log);
  }

  /**
   * Requires that a file is none of the memory.
   *
   * @param option how the user named the file
   * @throws ParameterException if it is the file of a region
   */
  public void requireNotRegion(CommandSpec spec, String option, Path file) throws IOException {
    for (RegionArgument region : regions) {
      if (Files.exists(file) && Files.exists(region.path()) && Files.isSameFile(file, region.path())) {
        throw new ParameterException(spec.commandLine(),
            "%s: %s is the memory of --region %s; give another file".formatted(option, file, region.name()));
      }
    }
  }
}
