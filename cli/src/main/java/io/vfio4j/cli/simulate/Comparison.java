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
record Comparison(List<DirtySource> sources, CostOptions.Costs costs, Duration deadline, List<Link> links,
    List<Duration> maxDowntimes, List<WhenNotConverging> whens) {

  /** More would take long; what they come to has to fit the letters of the chart besides. */
  private static final int MAX_COMBINATIONS = 1_000;
  private static final double NANOS = 1e9;

  /**
   * How fast can be sent.
   *
   * @param bandwidth bytes a second; empty for the rates of a trace
   * @param rate the same, for the simulation
   */
  record Link(OptionalLong bandwidth, LinkRate rate) {

    static Link steady(long bytesPerSecond) {
      return new Link(OptionalLong.of(bytesPerSecond), LinkRate.steady((double) bytesPerSecond));
    }

    static Link recorded(LinkRate rate) {
      return new Link(OptionalLong.empty(), rate);
    }
  }

  /**
   * Simulates all of them.
   *
   * @throws IllegalArgumentException if there are too many combinations, or too many that differ, or a setting is out of its range
   */
  List<Compared> run() {
    long count = (long) links.size() * maxDowntimes.size() * whens.size();
    if (count > MAX_COMBINATIONS) {
      throw new IllegalArgumentException(
          "these are %d combinations; give values for at most %d".formatted(count, MAX_COMBINATIONS));
    }
    List<Compared> all = new ArrayList<>();
    for (Link link : links) {
      for (Duration maxDowntime : maxDowntimes) {
        all.addAll(run(link, maxDowntime, all.size()));
      }
    }
    return all;
  }

  /** Runs the policies with one link and limit; those that come to the same are put together. */
  private List<Compared> run(Link link, Duration maxDowntime, int before) {
    Map<SimulatedMigration, List<WhenNotConverging>> results = new LinkedHashMap<>();
    for (WhenNotConverging when : whens) {
      SimulationSettings setting =
          new SimulationSettings(new DowntimePolicy(deadline, when), maxDowntime, link.rate(),
              costs.perRound(), costs.fixed(), costs.quiesce(), costs.maxQuiesce(), costs.horizon(deadline));
      results.computeIfAbsent(Simulation.run(sources, setting), _ -> new ArrayList<>()).add(when);
    }
    List<Compared> all = new ArrayList<>();
    results.forEach((result, alike) -> {
      Scenario scenario =
          new Scenario(Scenario.key(before + all.size()), alike, deadline, maxDowntime, link.bandwidth());
      all.add(new Compared(scenario, sources.stream().mapToLong(DirtySource::firstRoundBytes).sum(),
          fitting(scenario, result), result));
    });
    return all;
  }

  /** What was predicted last tells the rate: the bytes left, in the time for them. */
  private long fitting(Scenario scenario, SimulatedMigration result) {
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
