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

/** Options that say how the workload is paused and resumed: a picocli mixin. */
final class WorkloadOptions {

  @Option(names = "--workload-pause", paramLabel = "CMD", description = {
      "Pause the workload before the devices stop: CMD is a command for sh -c, or a URL (http:, https:) that receives a POST.",
      "If it fails, the migration is rolled back."})
  private @Nullable String pause;

  @Option(names = "--workload-resume", paramLabel = "CMD", description = {
      "Resume the workload at the target or, after a failure, at the source. VFIO4J_SIDE, or 'side' in the POST, is target or source.",
      "Also called if pausing failed."})
  private @Nullable String resume;

  @Option(names = "--workload-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for each --workload-pause and --workload-resume (default: 10s).")
  private Duration timeout = Duration.ofSeconds(10);

  @Option(names = "--only-devices-write", description = {
      "Declare that only the devices write to the memory of --region, not the workload itself.",
      "Without this option all memory is sent again in each round, since only writes of the devices are logged."})
  private boolean onlyDevicesWrite;

  @Option(names = "--workload-generate", paramLabel = "RATE", converter = RateConverter.class, description = "Generate a workload that writes RATE bytes per second to the memory of --region, for experiments.")
  private @Nullable Long generatedRate;

  /** A workload, and the threads to stop after it. */
  record WorkloadHandle(Workload workload) implements AutoCloseable {
    @Override
    public void close() {
      if (workload instanceof GeneratedWorkload generated) {
        generated.close();
      }
    }
  }

  /**
   * Returns the workload; a generated one has started.
   *
   * @param memory the memory that migrates, which a generated workload writes to
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
          "--workload-generate requires --region, and cannot be combined with --workload-pause or --workload-resume");
    }
    return new WorkloadHandle(GeneratedWorkload.start(memory, generatedRate));
  }
}
