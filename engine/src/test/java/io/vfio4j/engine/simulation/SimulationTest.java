// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.policy.DowntimePolicy;
import io.vfio4j.engine.policy.SwitchoverPolicy;
import io.vfio4j.engine.policy.WhenNotConverging;
import io.vfio4j.engine.simulation.SimulatedMigration.Verdict;
import io.vfio4j.testkit.Seeds;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Simulated rounds compared with analytical results. */
class SimulationTest {

  private static final long MIB = 1 << 20;
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final Duration LIMIT = Duration.ofMillis(100);

  /** Continues for a number of rounds, and aborts in the next one. */
  private static SwitchoverPolicy rounds(int count) {
    return facts -> facts.round() > count ? new Decision.Abort("enough") : new Decision.Continue("more");
  }

  private static SimulationSettings setting(SwitchoverPolicy policy, double rate) {
    return new SimulationSettings(policy, LIMIT, LinkRate.steady(rate), Duration.ZERO, Duration.ZERO,
        Duration.ZERO,
        Duration.ofMillis(200), Duration.ofMinutes(10));
  }

  private static SimulationSettings defaultSettings(WhenNotConverging when, double rate) {
    return setting(new DowntimePolicy(DEADLINE, when), rate);
  }

  private static DirtySource memory(long size, WritePattern.Order order, long workingSet, double rate) {
    return new DirtySource.Synthetic(DirtySource.Kind.MEMORY, size, 0,
        List.of(new WritePattern(workingSet, order, new WriteRate.Steady(rate))));
  }

  private static DirtySource device(long size, double rate) {
    return new DirtySource.Synthetic(DirtySource.Kind.DEVICE, size, 0,
        List.of(new WritePattern(size, WritePattern.Order.CYCLIC, new WriteRate.Steady(rate))));
  }

  private static DirtySource cyclic(long size, double rate) {
    return memory(size, WritePattern.Order.CYCLIC, size, rate);
  }

  @Test
  void convergesGeometricallyAtConstantRate() {
    Seeds.forEach(50, random -> {
      long size = random.nextLong(100 * MIB, 10_000 * MIB);
      double rate = random.nextDouble(50 * MIB, 1000 * MIB);
      double dirt = rate * random.nextDouble(0.05, 0.9);
      int count = 6;
      List<SimulatedRound> rounds =
          Simulation.run(List.of(cyclic(size, dirt)), setting(rounds(count), rate)).rounds();
      for (int n = 0; n < count; n++) {
        double bytes = size * Math.pow(dirt / rate, n);
        assertThat((double) rounds.get(n).memoryBytes()).isCloseTo(bytes, within(1.0));
        assertThat(rounds.get(n).took().toNanos() / 1e9).isCloseTo(bytes / rate, within(2e-9));
        assertThat(rounds.get(n).number()).isEqualTo(n + 1);
      }
    });
  }

  @Test
  void switchesOverInFirstRoundBelowLimit() {
    Seeds.forEach(50, random -> {
      double ratio = random.nextDouble(0.1, 0.85); // With a higher ratio, all rounds together take longer than the deadline.
      SimulatedMigration result =
          Simulation.run(List.of(cyclic(1000 * MIB, ratio * 100 * MIB)),
              defaultSettings(WhenNotConverging.ABORT, 100 * MIB));
      // 10 MiB take 100 ms, so rounds continue until 1000 * ratio^n is at most that, if every write counts.
      int expected = (int) Math.ceil(Math.log(0.01) / Math.log(ratio));
      double left = 1000 * MIB * Math.pow(ratio, expected);
      assertThat(result.rounds()).hasSize(expected);
      assertThat((double) result.remaining()).isCloseTo(left, within(1.0));
      assertThat(result.verdict()).isEqualTo(Verdict.MOVED);
      assertThat(result.downtime()).contains(result.predictedDowntime());
    });
  }

  @Test
  void detectsNonConvergence() {
    Seeds.forEach(50, random -> {
      double rate = 100 * MIB;
      double dirt = rate * random.nextDouble(1, 20);
      DirtySource source = cyclic(1000 * MIB, dirt);
      SimulatedMigration gaveUp =
          Simulation.run(List.of(source), defaultSettings(WhenNotConverging.ABORT, rate));
      assertThat(gaveUp.verdict()).isEqualTo(Verdict.ABORTED);
      assertThat(gaveUp.total()).as("counted from when all memory was sent").isBetween(
          DEADLINE.plusSeconds(10),
          DEADLINE.plusSeconds(21));
      assertThat(gaveUp.downtime()).isEmpty();
      assertThat(gaveUp.reason()).contains("allow more downtime, more bandwidth or more time");

      SimulatedMigration went =
          Simulation.run(List.of(source), defaultSettings(WhenNotConverging.FORCE, rate));
      assertThat(went.verdict()).isEqualTo(Verdict.MOVED);
      assertThat(went.downtime().orElseThrow()).isGreaterThan(LIMIT).isEqualTo(went.predictedDowntime());

      SimulatedMigration waits =
          Simulation.run(List.of(source), defaultSettings(WhenNotConverging.WAIT, rate));
      assertThat(waits.verdict()).isEqualTo(Verdict.STILL_WAITING);
      assertThat(waits.total()).isBetween(Duration.ofSeconds(610), Duration.ofSeconds(621));
    });
  }

  @Test
  void reachesFixedPointOfRandomWrites() {
    double rate = 100 * MIB;
    double dirt = 300 * MIB;
    long set = 200 * MIB;
    DirtySource source = memory(4000 * MIB, WritePattern.Order.RANDOM, set, dirt);
    List<SimulatedRound> rounds =
        Simulation.run(List.of(source), setting(rounds(40), rate)).rounds();
    // The first round is so long that the whole set is dirty.
    assertThat((double) rounds.get(1).memoryBytes()).isCloseTo((double) set, within(1.0));
    // Then b = W (1 - exp(-d b / (r W))), solved by iteration.
    double fixed = set;
    for (int i = 0; i < 200; i++) {
      fixed = set * (1 - Math.exp(-dirt * fixed / rate / set));
    }
    assertThat((double) rounds.get(39).memoryBytes()).isCloseTo(fixed, within(1.0));
    assertThat(fixed).isBetween(0.9 * set, 1.0 * set);
  }

  @Test
  void addsHotAndColdWrites() {
    double rate = 1000 * MIB;
    DirtySource both = new DirtySource.Synthetic(DirtySource.Kind.MEMORY, 4000 * MIB, 0,
        List.of(new WritePattern(50 * MIB, WritePattern.Order.RANDOM, new WriteRate.Steady(10_000 * MIB)),
            new WritePattern(3000 * MIB, WritePattern.Order.CYCLIC, new WriteRate.Steady(20 * MIB))));
    SimulatedRound second =
        Simulation.run(List.of(both), setting(rounds(2), rate)).rounds().get(1);
    assertThat((double) second.memoryBytes()).isCloseTo(50 * MIB + 4 * 20 * MIB, within(2.0));
  }

  @Test
  void endsDeviceRoundAfterOneMinute() {
    SimulatedMigration result = Simulation.run(List.of(device(100_000 * MIB, 0)),
        defaultSettings(WhenNotConverging.ABORT, 10 * MIB));
    assertThat(result.verdict()).isEqualTo(Verdict.ABORTED);
    assertThat(result.total()).isEqualTo(DEADLINE);
    assertThat(result.bytes()).isEqualTo(600 * MIB);
    assertThat(result.rounds()).hasSize(1);
    assertThat(result.reason()).contains("not all initial data has been sent");
  }

  @Test
  void sendsAllMemoryBeforeFirstDecision() {
    SimulatedMigration result = Simulation.run(List.of(cyclic(1000 * MIB, 0), device(MIB, 0)),
        defaultSettings(WhenNotConverging.ABORT, 10 * MIB));
    assertThat(result.verdict()).isEqualTo(Verdict.MOVED);
    assertThat(result.rounds()).extracting(SimulatedRound::memoryBytes).containsExactly(1000 * MIB, 0L);
    assertThat(result.rounds()).extracting(SimulatedRound::deviceBytes).containsExactly(0L, MIB);
  }

  @Test
  void rollsBackAtLimitOnSlowerLink() {
    LinkRate slows = LinkRate.of(List.of(new LinkRate.Interval(Duration.ofSeconds(10), 100 * MIB),
        new LinkRate.Interval(Duration.ofSeconds(11), MIB)));
    SimulationSettings setting =
        new SimulationSettings(new DowntimePolicy(DEADLINE, WhenNotConverging.ABORT), LIMIT, slows,
            Duration.ZERO, Duration.ZERO, Duration.ZERO, LIMIT, DEADLINE);
    SimulatedMigration result = Simulation.run(List.of(device(1000 * MIB, MIB / 2.0)), setting);
    assertThat(result.verdict()).isEqualTo(Verdict.ROLLED_BACK);
    assertThat(result.predictedDowntime()).isEqualTo(Duration.ofMillis(50));
    assertThat(result.downtime()).contains(LIMIT);
    assertThat(result.total()).isEqualTo(Duration.ofMillis(10_100));
    assertThat((double) result.bytes()).isCloseTo(1000.1 * MIB, within(1.0));
  }

  @Test
  void retriesLateP2pStatesPerPolicy() {
    SimulationSettings setting =
        new SimulationSettings(new DowntimePolicy(DEADLINE, WhenNotConverging.ABORT, 3), LIMIT,
            LinkRate.steady(100 * MIB), Duration.ofMillis(2), Duration.ZERO, Duration.ofMillis(201),
            Duration.ofMillis(200), DEADLINE);
    SimulatedMigration result = Simulation.run(List.of(cyclic(10 * MIB, MIB)), setting);
    assertThat(result.verdict()).isEqualTo(Verdict.ABORTED);
    assertThat(result.reason()).contains("in 3 attempts");
    // Three attempts of 200 ms, with 250 and 500 ms between them.
    assertThat(result.total()).isBetween(Duration.ofMillis(1450), Duration.ofMillis(1800));
  }

  @Test
  void addsDirtyingInP2pStatesToDowntime() {
    SimulationSettings setting =
        new SimulationSettings(new DowntimePolicy(DEADLINE, WhenNotConverging.ABORT), LIMIT,
            LinkRate.steady(100 * MIB), Duration.ZERO, Duration.ofMillis(10), Duration.ofMillis(100), LIMIT,
            DEADLINE);
    SimulatedMigration result = Simulation.run(List.of(device(100 * MIB, 5 * MIB)), setting);
    assertThat(result.predictedDowntime()).isEqualTo(Duration.ofMillis(60));
    // 5 MiB, plus 0.5 MiB of the 100 ms in the P2P states, minus the overlap.
    assertThat(result.downtime().orElseThrow()).isBetween(Duration.ofMillis(64), Duration.ofMillis(65));
  }

  @Test
  void endsWithoutPolicyDecision() {
    SwitchoverPolicy never = facts -> new Decision.Continue("never");
    SimulatedMigration result = Simulation.run(List.of(cyclic(MIB, 0)), setting(never, MIB));
    assertThat(result.verdict()).isEqualTo(Verdict.STILL_WAITING);
    assertThat(result.rounds()).as("pauses are not rounds").hasSize(1);
    SwitchoverPolicy always = facts -> new Decision.SwitchOver(Optional.empty(), "now");
    SimulationSettings neverQuiet =
        new SimulationSettings(always, LIMIT, LinkRate.steady(MIB), Duration.ZERO, Duration.ZERO,
            LIMIT, Duration.ofMillis(1), Duration.ofSeconds(10));
    assertThat(Simulation.run(List.of(cyclic(MIB, 1000)), neverQuiet).verdict())
        .isEqualTo(Verdict.STILL_WAITING);
  }

  @Test
  void distinguishesDevicesAndMemory() {
    DirtySource device = new DirtySource.Synthetic(DirtySource.Kind.DEVICE, 100 * MIB, 3 * MIB,
        List.of(new WritePattern(100 * MIB, WritePattern.Order.CYCLIC, new WriteRate.Steady(10 * MIB))));
    List<SimulatedRound> rounds = Simulation
        .run(List.of(device, cyclic(300 * MIB, 20 * MIB)), setting(rounds(2), 100 * MIB)).rounds();
    assertThat(rounds.getFirst()).isEqualTo(new SimulatedRound(1, Duration.ZERO, Duration.ofSeconds(3), 0,
        300 * MIB, 103 * MIB, 60 * MIB, Duration.ofMillis(1630)));
    assertThat(rounds.get(1)).isEqualTo(new SimulatedRound(2, Duration.ofSeconds(3), Duration.ofMillis(1600),
        100 * MIB, 60 * MIB, 19 * MIB, 32 * MIB, Duration.ofMillis(510)));
  }
}
