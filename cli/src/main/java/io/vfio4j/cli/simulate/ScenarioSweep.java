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

/** Every combination of what is given, over the same sources. */
record ScenarioSweep(List<DirtySource> sources, CostOptions.Costs costs, Duration deadline,
    List<LinkBandwidth> links,
    List<Duration> maxDowntimes, List<WhenNotConverging> policies) {

  /** More would take long; what they come to has to fit the letters of the chart besides. */
  private static final int MAX_COMBINATIONS = 1_000;
  private static final double NANOS = 1e9;

  /**
   * How fast can be sent.
   *
   * @param bandwidth bytes a second; empty for the rates of a trace
   * @param rate the same, for the simulation
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
   * Simulates all of them.
   *
   * @throws IllegalArgumentException if there are too many combinations, or too many that differ, or a setting is out of its range
   */
  List<ScenarioResult> run() {
    long count = (long) links.size() * maxDowntimes.size() * policies.size();
    if (count > MAX_COMBINATIONS) {
      throw new IllegalArgumentException(
          "these are %d combinations; give values for at most %d".formatted(count, MAX_COMBINATIONS));
    }
    List<ScenarioResult> all = new ArrayList<>();
    for (LinkBandwidth link : links) {
      for (Duration maxDowntime : maxDowntimes) {
        all.addAll(run(link, maxDowntime, all.size()));
      }
    }
    return all;
  }

  /** Runs the policies with one link and limit; those that come to the same are put together. */
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

  /** What was predicted last tells the rate: the bytes left, in the time for them. */
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
