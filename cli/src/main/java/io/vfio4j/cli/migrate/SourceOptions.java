// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.RateConverter;
import io.vfio4j.cli.base.WhenNotConvergingConverter;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.MappedMemory;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.device.RegionOptions;
import io.vfio4j.cli.device.ResetOption;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.cli.watch.WatchOptions;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The options of commands that take the state of devices (migrate, send, save): a picocli mixin. */
final class SourceOptions {

  @Mixin
  private final RegionOptions regions = new RegionOptions();

  @Mixin
  private final WorkloadOptions workload = new WorkloadOptions();

  @Option(names = "--max-downtime", paramLabel = "TIME", converter = DurationConverter.class, description = "Maximum downtime; a switchover that exceeds it is rolled back (default: 300ms).")
  private Duration maxDowntime = MigrationOptions.defaults().maxDowntime();

  @Option(names = "--max-bandwidth", paramLabel = "RATE", converter = RateConverter.class, description = "Maximum send rate in bytes per second, as in 100m or 1g/s (default: unlimited).")
  private long maxBandwidth = MigrationOptions.defaults().maxBandwidth();

  @Option(names = "--no-pre-copy", description = "Skip pre-copy: send everything while the devices are stopped.")
  private boolean noPreCopy;

  @Option(names = "--max-quiesce", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for all devices to quiesce peer-to-peer DMA; when it expires they return to their previous state, and quiescing is retried later (default: 200ms).")
  private Duration maxQuiesce = MigrationOptions.defaults().maxQuiesce();

  @Mixin
  private final ArcTimeoutOption arcTimeout = new ArcTimeoutOption();

  @Mixin
  private final PeerDmaOption peerDma = new PeerDmaOption();

  @Option(names = "--deadline", paramLabel = "TIME", converter = DurationConverter.class, description = "How long pre-copy may take to reach the maximum downtime (default: 5m).")
  private Duration deadline = Duration.ofMinutes(5);

  @Option(names = "--when-not-converging", paramLabel = "ACTION", converter = WhenNotConvergingConverter.class, completionCandidates = WhenNotConvergingConverter.Candidates.class, description = "What to do at the deadline: wait, abort or force (default: abort).")
  private WhenNotConverging whenNotConverging = WhenNotConverging.ABORT;

  @Option(names = "--channels", paramLabel = "N", description = "Number of connections that send memory (default: 1).")
  private int channels = 1;

  @Mixin
  private final ResetOption reset = new ResetOption();

  @Mixin
  private final WatchOptions watch = new WatchOptions();

  /** Returns the options of the migration. */
  MigrationOptions build(CommandSpec spec) {
    try {
      MigrationOptions.Builder options = MigrationOptions.builder().maxDowntime(maxDowntime)
          .maxBandwidth(maxBandwidth).preCopy(!noPreCopy).maxQuiesce(maxQuiesce).channels(channels)
          .policy(new DowntimePolicy(deadline, whenNotConverging));
      arcTimeout.applyTo(options);
      peerDma.applyTo(options);
      return options.build();
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(spec, e);
    }
  }

  /** Opens devices as sources, with the timeouts of a migration. */
  OpenDevices open(List<DeviceAddress> devices, CommandContext context) throws IOException {
    return OpenDevices.open(DeviceAddress.withTimeout(context.options().timeouts(), devices),
        address -> address.openSource(reset.isAllowed(), context.output()::warning));
  }

  /** Opens devices as sources of a dry run. */
  OpenDevices openToCompare(List<DeviceAddress> devices, Output output) throws IOException {
    return OpenDevices.open(devices, address -> reset.openToCompare(address, output));
  }

  RegionOptions regions() {
    return regions;
  }

  MappedMemory mapMemory(CommandSpec spec, Output output) throws IOException {
    return regions.map(spec, output::warning);
  }

  WorkloadOptions.WorkloadHandle startWorkload(MemoryRegions memory, CommandSpec spec) {
    return workload.start(memory, spec);
  }

  MigrationMonitor startMonitor(CommandSpec spec, Output output) throws IOException {
    return watch.start(spec, output);
  }
}
