// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.policy.SwitchoverPolicy;
import io.vfio4j.engine.simulation.LinkRate;
import io.vfio4j.engine.simulation.RoundTrace;
import io.vfio4j.engine.simulation.SimulatedRound;
import io.vfio4j.engine.simulation.Simulation;
import io.vfio4j.engine.simulation.SimulationSettings;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Compares the bytes per round of real migrations with those that the simulator computes from their traces: with
 * the rates of the same migration, and with those of a migration with another bandwidth.
 */
final class SimulatorAccuracy {

  private static final int RUNS = 5;
  private static final long BANDWIDTH = 48L << 20;
  private static final long OTHER_BANDWIDTH = 80L << 20;
  private static final double MIB = 1 << 20;

  /** The maximum median deviation of the runs. */
  private static final double MAX_DEVIATION = 0.20;

  private final Path folder;
  private final MarkdownTable table;
  private final Samples own = new Samples();
  private final Samples other = new Samples();

  SimulatorAccuracy(Path folder, PrintStream out) {
    this.folder = folder;
    table = new MarkdownTable(out, "Bytes of each round, real and simulated, MiB",
        List.of("run", "real", "simulated by its own rates",
            "deviation", "simulated by the rates of one with another bandwidth", "deviation"));
  }

  /** Runs migrations and returns whether the simulation is accurate enough. */
  boolean run() throws IOException, MigrationException {
    for (int run = 1; run <= RUNS; run++) {
      RoundTrace real = new RecordedMigration(folder, BANDWIDTH).run();
      RoundTrace elsewhere = new RecordedMigration(folder, OTHER_BANDWIDTH).run();
      List<SimulatedRound> same = simulate(real, real.link(), real.rounds().size());
      List<SimulatedRound> foreseen = simulate(elsewhere, LinkRate.steady(BANDWIDTH), real.rounds().size());
      own.add(deviation(real, same));
      other.add(deviation(real, foreseen));
      table.row(List.of(Integer.toString(run),
          real.rounds().stream().map(round -> mib(round.deviceBytes() + round
              .memoryBytes())).collect(Collectors.joining(" ")),
          describe(same), percent(deviation(real, same)),
          describe(foreseen), percent(deviation(real, foreseen))));
    }
    table.row(List.of("median", "", "", percent(own.median()), "", percent(other.median())));
    return own.median() <= MAX_DEVIATION;
  }

  /** Simulates as many rounds as the real migration had. */
  private static List<SimulatedRound> simulate(RoundTrace recording, LinkRate link, int rounds) {
    SwitchoverPolicy policy = facts -> facts.round() >= rounds
        ? new Decision.Abort("no more rounds were recorded")
        : new Decision.Continue("more rounds were recorded");
    SimulationSettings setting =
        new SimulationSettings(policy, Duration.ofSeconds(1), link, Duration.ZERO, recording.fixedCost(),
            Duration.ZERO, Duration.ofSeconds(1), Duration.ofHours(1));
    return Simulation.run(recording.sources(), setting).rounds();
  }

  /** Returns the mean deviation of the rounds; a missing round deviates by 100 %. */
  private static double deviation(RoundTrace real, List<SimulatedRound> simulated) {
    double sum = 0;
    for (int i = 0; i < real.rounds().size(); i++) {
      double bytes = (double) real.rounds().get(i).deviceBytes() + real.rounds().get(i).memoryBytes();
      double made = i < simulated.size() ? (double) simulated.get(i).bytes() : 0;
      sum += Math.abs(made - bytes) / bytes;
    }
    return sum / real.rounds().size();
  }

  private static String describe(List<SimulatedRound> rounds) {
    return rounds.stream().map(round -> mib(round.bytes())).collect(Collectors.joining(" "));
  }

  private static String mib(long bytes) {
    return String.format(Locale.ROOT, "%.1f", bytes / MIB);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
