// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.RateConverter;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.base.WhenNotConvergingConverter;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** How a migration is to be done: what the side of the source decides. To be mixed in. */
final class SourceOptions {

  @Option(names = "--max-downtime", paramLabel = "TIME", converter = DurationConverter.class, description = "How long the device may stand still; a longer switchover is undone (default: 300ms).")
  private @Nullable Duration maxDowntime;

  @Option(names = "--max-bandwidth", paramLabel = "RATE", converter = RateConverter.class, description = "Send at most so many bytes a second, as in 100m or 1g/s (default: no limit).")
  private @Nullable Long maxBandwidth;

  @Option(names = "--no-pre-copy", description = "Send everything while the device stands still.")
  private boolean noPreCopy;

  @Option(names = "--max-quiesce", paramLabel = "TIME", converter = DurationConverter.class, description = "How long the devices may take to end their peer-to-peer traffic; if they take longer they go back, and it is tried again (default: 200ms).")
  private @Nullable Duration maxQuiesce;

  @Option(names = "--arc-timeout", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for a call to a device; when it expires the device is treated as lost (default: 10s).")
  private @Nullable Duration arcTimeout;

  @Option(names = "--no-peer-dma", description = "No device reaches another's memory: several may be moved though one has no P2P states.")
  private boolean noPeerDma;

  @Option(names = "--deadline", paramLabel = "TIME", converter = DurationConverter.class, description = "How long pre-copy may go on until the downtime fits (default: 5m).")
  private Duration deadline = Duration.ofMinutes(5);

  @Option(names = "--when-not-converging", paramLabel = "WHAT", converter = WhenNotConvergingConverter.class, completionCandidates = WhenNotConvergingConverter.Candidates.class, description = "What to do at the deadline: wait, abort or force (default: abort).")
  private WhenNotConverging whenNotConverging = WhenNotConverging.ABORT;

  @Option(names = "--channels", paramLabel = "N", description = "How many connections to send memory over (default: 1).")
  private int channels = 1;

  MigrationOptions build(CommandSpec spec) {
    try {
      MigrationOptions options = MigrationOptions.defaults().withPreCopy(!noPreCopy)
          .withNoPeerDma(noPeerDma).withChannels(channels)
          .withPolicy(new DowntimePolicy(deadline, whenNotConverging));
      if (maxDowntime != null) {
        options = options.withMaxDowntime(maxDowntime);
      }
      if (maxQuiesce != null) {
        options = options.withMaxQuiesce(maxQuiesce);
      }
      if (arcTimeout != null) {
        options = options.withArcTimeout(arcTimeout);
        Termination.allowDeviceCalls(arcTimeout);
      }
      return maxBandwidth == null ? options : options.withMaxBandwidth(maxBandwidth);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(spec, e);
    }
  }
}
