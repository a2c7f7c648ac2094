// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.RateConverter;
import io.vfio4j.engine.GeneratedWorkload;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.memory.MemoryRegions;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What drives the devices, and how it is paused. To be mixed in. */
final class WorkloadOptions {

  @Option(names = "--workload-pause", paramLabel = "CMD", description = {
      "Pause what drives the devices before they stop: a command (by sh -c), or an address (http:, https:) that is sent a POST.",
      "If it fails, the migration is undone."})
  private @Nullable String pause;

  @Option(names = "--workload-resume", paramLabel = "CMD", description = {
      "Let it go on, at the target or, after a failure, at the source: VFIO4J_SIDE (or the JSON that is sent) says which.",
      "It is called if pausing failed, too."})
  private @Nullable String resume;

  @Option(names = "--workload-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "How long either may take (default: 10s).")
  private Duration timeout = Duration.ofSeconds(10);

  @Option(names = "--only-devices-write", description = {
      "The workload does not write to the memory of --region itself; only the devices do, and they log it.",
      "Without this all memory is sent again in each round, since nobody logs what such a workload writes."})
  private boolean onlyDevicesWrite;

  @Option(names = "--workload-generate", paramLabel = "RATE", converter = RateConverter.class, description = "Instead, write so much to the memory of --region a second, to try things out.")
  private @Nullable Long generatedRate;

  /** A workload, and what has to be ended after it. */
  record WorkloadHandle(Workload workload) implements AutoCloseable {
    @Override
    public void close() {
      if (workload instanceof GeneratedWorkload generated) {
        generated.close();
      }
    }
  }

  /**
   * Returns the workload, at work if it is a made-up one.
   *
   * @param memory what moves along, which a made-up one writes to
   */
  WorkloadHandle start(MemoryRegions memory, CommandSpec spec) {
    if (generatedRate == null) {
      return new WorkloadHandle(pause == null && resume == null
          ? Workload.NONE
          : new HookWorkload(Optional.ofNullable(pause), Optional.ofNullable(resume), timeout,
              !onlyDevicesWrite));
    }
    if (pause != null || resume != null || memory.isEmpty()) {
      throw new ParameterException(spec.commandLine(),
          "--workload-generate writes to the memory of --region, and has nothing to do with other workloads");
    }
    return new WorkloadHandle(GeneratedWorkload.start(memory, generatedRate));
  }
}
