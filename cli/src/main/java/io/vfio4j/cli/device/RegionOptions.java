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

/** The memory that migrates with the devices: a picocli mixin. */
public final class RegionOptions {

  @Option(names = "--region", paramLabel = "NAME=PATH@IOVA[:SIZE]", converter = RegionArgument.Converter.class, description = {
      "Include a memory region that the devices write to at IOVA. PATH is the file that backs it: a memfd (/proc/PID/fd/N), or a file on hugetlbfs or in /dev/shm. SIZE is its length from the start of the file (default: the whole file).",
      "May be repeated. The other side needs a region of the same name, address and size."})
  private List<RegionArgument> regions = new ArrayList<>();

  public boolean isEmpty() {
    return regions.isEmpty();
  }

  /**
   * Maps all regions.
   *
   * @param log receives warnings
   */
  public MappedMemory map(CommandSpec spec, Consumer<String> log) throws IOException {
    return MappedMemory.map(regions, spec, log);
  }

  /**
   * Checks that a file does not back one of the regions.
   *
   * @param option the option that names the file
   * @throws ParameterException if it does
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
