// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.DurationConverter;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The costs of a migration besides sending, as a mixin. */
final class CostOptions {

  private static final Duration FIXED = Duration.ofMillis(10);
  private static final Duration ROUND = Duration.ofMillis(2);
  private static final Duration MAX_HORIZON = Duration.ofHours(24);
  private static final Duration MAX_QUIESCE = Duration.ofMillis(200);

  @Option(names = "--fixed-cost", paramLabel = "TIME", converter = DurationConverter.class, description = "Duration of a switchover, excluding data transfer (default: 10ms; with --trace: as predicted in it).")
  private @Nullable Duration fixedCost;

  @Option(names = "--round-cost", paramLabel = "TIME", converter = DurationConverter.class, description = "Duration of a round, excluding data transfer (default: 2ms; with --trace: 0, since its rates include it).")
  private @Nullable Duration roundCost;

  @Option(names = "--quiesce", paramLabel = "TIME", converter = DurationConverter.class, description = "Time that the devices take to enter their P2P states (default: 0).")
  private Duration quiesce = Duration.ZERO;

  @Option(names = "--max-quiesce", paramLabel = "TIME", converter = DurationConverter.class, description = "Timeout for the devices to enter their P2P states (default: 200ms).")
  private Duration maxQuiesce = MAX_QUIESCE;

  @Option(names = "--horizon", paramLabel = "TIME", converter = DurationConverter.class, description = "Time at which the simulation ends, at most 24h (default: twice the deadline).")
  private @Nullable Duration horizon;

  /** The costs, with defaults applied. */
  record Costs(Duration fixed, Duration perRound, Duration quiesce, Duration maxQuiesce,
      @Nullable Duration requestedHorizon) {

    /** Returns the end of the simulation. */
    Duration horizon(Duration deadline) {
      Duration twice = deadline.multipliedBy(2);
      return requestedHorizon != null ? requestedHorizon
          : twice.compareTo(MAX_HORIZON) < 0 ? twice : MAX_HORIZON;
    }
  }

  Costs synthetic() {
    return costs(FIXED, ROUND);
  }

  Costs recorded(Duration fixed) {
    return costs(fixed, Duration.ZERO);
  }

  private Costs costs(Duration fixed, Duration perRound) {
    return new Costs(fixedCost == null ? fixed : fixedCost, roundCost == null ? perRound : roundCost, quiesce,
        maxQuiesce, horizon);
  }
}
