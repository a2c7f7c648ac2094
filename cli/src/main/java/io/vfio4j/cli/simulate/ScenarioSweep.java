// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.simulation.DirtySource;
import io.vfio4j.engine.simulation.LinkRate;
import io.vfio4j.engine.simulation.SimulatedMigration;
import io.vfio4j.engine.simulation.Simulation;
import io.vfio4j.engine.simulation.SimulationSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Simulates every combination of the given values with the same sources. */
record ScenarioSweep(List<DirtySource> sources, CostOptions.Costs costs, Duration deadline,
    List<LinkBandwidth> links, List<Duration> maxDowntimes, List<WhenNotConverging> policies) {

  /** A limit of the run time; the number of different results is limited by {@link Scenario#MAX_KEYS}. */
  private static final int MAX_COMBINATIONS = 1_000;
  private static final double NANOS = 1e9;

  /**
   * The bandwidth of a link.
   *
   * @param bandwidth bytes per second; empty for the rates of a trace
   * @param rate the bandwidth in the form of the simulation
   */
  record LinkBandwidth(OptionalLong bandwidth, LinkRate rate) {

    static LinkBandwidth steady(long bytesPerSecond) {
      return new LinkBandwidth(OptionalLong.of(bytesPerSecond), LinkRate.steady((double) bytesPerSecond));
    }

    static LinkBandwidth recorded(LinkRate rate) {
      return new LinkBandwidth(OptionalLong.empty(), rate);
    }
  }

  /**
   * Simulates all combinations.
   *
   * @throws IllegalArgumentException if there are too many combinations or different results, or a value is out of range
   */
  List<ScenarioResult> run() {
    long count = (long) links.size() * maxDowntimes.size() * policies.size();
    if (count > MAX_COMBINATIONS) {
      throw new IllegalArgumentException(
          "%d combinations exceed the maximum of %d; give fewer values".formatted(count, MAX_COMBINATIONS));
    }
    List<ScenarioResult> all = new ArrayList<>();
    for (LinkBandwidth link : links) {
      for (Duration maxDowntime : maxDowntimes) {
        all.addAll(run(link, maxDowntime, all.size()));
      }
    }
    return all;
  }

  /** Simulates all policies with one link and downtime limit, and merges those with the same result. */
  private List<ScenarioResult> run(LinkBandwidth link, Duration maxDowntime, int before) {
    Map<SimulatedMigration, List<WhenNotConverging>> results = new LinkedHashMap<>();
    for (WhenNotConverging when : policies) {
      SimulationSettings setting =
          new SimulationSettings(new DowntimePolicy(deadline, when), maxDowntime, link.rate(),
              costs.perRound(), costs.fixed(), costs.quiesce(), costs.maxQuiesce(), costs.horizon(deadline));
      results.computeIfAbsent(Simulation.run(sources, setting), _ -> new ArrayList<>()).add(when);
    }
    List<ScenarioResult> all = new ArrayList<>();
    results.forEach((result, alike) -> {
      Scenario scenario =
          new Scenario(Scenario.key(before + all.size()), alike, deadline, maxDowntime, link.bandwidth());
      all.add(new ScenarioResult(scenario, sources.stream().mapToLong(DirtySource::firstRoundBytes).sum(),
          fittingBytes(scenario, result), result));
    });
    return all;
  }

  /** Derives the rate from the last prediction: the remaining bytes, and the time predicted for them. */
  private long fittingBytes(Scenario scenario, SimulatedMigration result) {
    double predicted = seconds(result.predictedDowntime().minus(costs.fixed()));
    double allowed = Math.max(0, seconds(scenario.maxDowntime().minus(costs.fixed())));
    long left = result.rounds().getLast().left();
    double rate = scenario.bandwidth().isPresent()
        ? (double) scenario.bandwidth().getAsLong()
        : predicted > 0 ? left / predicted : 0;
    return Math.round(rate * allowed);
  }

  private static double seconds(Duration time) {
    return time.toNanos() / NANOS;
  }
}
