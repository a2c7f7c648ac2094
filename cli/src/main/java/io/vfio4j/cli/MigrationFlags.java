// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.MigrationOptions;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** How a migration is to be done: what the side of the source decides. To be mixed in. */
final class MigrationFlags {

  @Option(names = "--max-downtime", paramLabel = "TIME", converter = DurationConverter.class, description = "How long the device may stand still; a longer switchover is undone (default: 300ms).")
  private @Nullable Duration maxDowntime;

  @Option(names = "--max-bandwidth", paramLabel = "RATE", converter = RateConverter.class, description = "Send at most so many bytes a second, as in 100m or 1g/s (default: no limit).")
  private @Nullable Long maxBandwidth;

  @Option(names = "--no-pre-copy", description = "Send everything while the device stands still.")
  private boolean noPreCopy;

  @Option(names = "--deadline", paramLabel = "TIME", converter = DurationConverter.class, description = "How long pre-copy may go on until the downtime fits (default: 5m).")
  private @Nullable Duration deadline;

  MigrationOptions options(CommandSpec spec) {
    MigrationOptions options = MigrationOptions.defaults().withPreCopy(!noPreCopy);
    try {
      if (maxDowntime != null) {
        options = options.withMaxDowntime(maxDowntime);
      }
      if (maxBandwidth != null) {
        options = options.withMaxBandwidth(maxBandwidth);
      }
      return deadline == null ? options : options.withConvergenceDeadline(deadline);
    } catch (IllegalArgumentException e) {
      throw Options.wrong(spec, e);
    }
  }
}
