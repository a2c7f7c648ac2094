// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the demonstration is made of.
 *
 * @param memory bytes of the device's internal memory
 * @param load what the source's memory holds at first
 * @param trafficRate writes to guest memory a second
 * @param churnRate changes of internal memory a second
 * @param options how to migrate
 * @param attempts how often to try again when the machine is too slow to keep the downtime's limit
 * @param targetFaults what is to go wrong at the target, as {@code serve scratch --fault} takes it
 * @param sourceVersions the versions of the migration interface that the source is served with
 * @param targetVersions those of the target
 */
record DemoSettings(long memory, Optional<Path> load, int trafficRate, int churnRate,
    MigrationOptions options,
    int attempts, List<String> targetFaults, MigrationVersions sourceVersions,
    MigrationVersions targetVersions) {

  static final DemoSettings DEFAULT = new DemoSettings(256L << 20, Optional.empty(), 10_000, 2_000,
      MigrationOptions.defaults(), 3, List.of(), MigrationVersions.V2, MigrationVersions.V2);

  DemoSettings withMemory(long bytes) {
    return new DemoSettings(bytes, load, trafficRate, churnRate, options, attempts, targetFaults,
        sourceVersions, targetVersions);
  }

  DemoSettings withLoad(Path file) {
    return new DemoSettings(memory, Optional.of(file), trafficRate, churnRate, options, attempts,
        targetFaults, sourceVersions, targetVersions);
  }

  DemoSettings withOptions(MigrationOptions other) {
    return new DemoSettings(memory, load, trafficRate, churnRate, other, attempts, targetFaults,
        sourceVersions, targetVersions);
  }

  DemoSettings withTargetFaults(List<String> faults) {
    return new DemoSettings(memory, load, trafficRate, churnRate, options, attempts, faults,
        sourceVersions, targetVersions);
  }

  DemoSettings withVersions(MigrationVersions source, MigrationVersions target) {
    return new DemoSettings(memory, load, trafficRate, churnRate, options, attempts, targetFaults, source,
        target);
  }

  /** Returns the command that serves the device where it is at first. */
  List<String> sourceArguments(Path socket) {
    List<String> arguments = arguments(socket, sourceVersions);
    load.ifPresent(file -> arguments.addAll(List.of("--load", file.toString())));
    return arguments;
  }

  /** Returns the command that serves the device to which its state is moved. */
  List<String> targetArguments(Path socket) {
    List<String> arguments = arguments(socket, targetVersions);
    targetFaults.forEach(fault -> arguments.addAll(List.of("--fault", fault)));
    return arguments;
  }

  /** Returns the bytes of a file that are in the memory of a device at first. */
  long loaded() throws IOException {
    return load.isEmpty() ? 0 : Math.min(memory, Files.size(load.get()));
  }

  private List<String> arguments(Path socket, MigrationVersions versions) {
    return new ArrayList<>(List.of("serve", "scratch", "--socket", socket.toString(), "--memory",
        Long.toString(memory), "--migration", versions.name().toLowerCase(Locale.ROOT)));
  }
}
