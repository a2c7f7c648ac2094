// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vfio4j.engine.policy.Decision;
import io.vfio4j.engine.policy.SwitchoverPolicy;
import io.vfio4j.testkit.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Simulations derived from measured rounds. */
class RoundTraceTest {

  private static final long MIB = 1 << 20;

  private static SimulationSettings setting(int rounds, LinkRate link) {
    SwitchoverPolicy policy =
        facts -> facts.round() > rounds ? new Decision.Abort("enough") : new Decision.Continue("more");
    return new SimulationSettings(policy, Duration.ofSeconds(1), link, Duration.ZERO, Duration.ZERO,
        Duration.ZERO,
        Duration.ofSeconds(1), Duration.ofHours(1));
  }

  /** The rounds of a simulation, as if measured in a migration that began a second earlier. */
  private static RoundTrace trace(List<SimulatedRound> rounds) {
    return new RoundTrace(rounds.stream()
        .map(r -> new RoundTrace.Round(r.number(), r.end().plusSeconds(1), r.took(), r.deviceBytes(),
            r.memoryBytes(), r.deviceLeft(), r.memoryLeft(), 0, Duration.ofMillis(12)))
        .toList());
  }

  @Test
  void replaysSimulation() {
    Seeds.forEach(50, random -> {
      List<DirtySource> sources = List.of(
          new DirtySource.Synthetic(DirtySource.Kind.DEVICE, 500 * MIB, 2 * MIB,
              List.of(new WritePattern(100 * MIB, WritePattern.Order.RANDOM,
                  new WriteRate.Steady(random.nextDouble(50 * MIB))))),
          new DirtySource.Synthetic(DirtySource.Kind.MEMORY, 2000 * MIB, 0, List.of(
              new WritePattern(1000 * MIB, WritePattern.Order.RANDOM,
                  new WriteRate.Steady(random.nextDouble(100 * MIB))))));
      List<SimulatedRound> original =
          Simulation.run(sources, setting(5, LinkRate.steady(200 * MIB))).rounds().subList(0, 5);
      RoundTrace recording = trace(original);
      List<SimulatedRound> again =
          Simulation.run(recording.sources(), setting(5, recording.link())).rounds();
      for (int i = 0; i < original.size(); i++) {
        double tolerance = 16 + original.get(i).bytes() * 1e-5;
        assertThat((double) again.get(i).deviceBytes()).isCloseTo((double) original.get(i).deviceBytes(),
            within(tolerance));
        assertThat((double) again.get(i).memoryBytes()).isCloseTo((double) original.get(i).memoryBytes(),
            within(tolerance));
      }
      assertThat(recording.sources().getFirst().stopCopyBytes()).isCloseTo(2 * MIB, within(2L));
    });
  }

  @Test
  void attributesPausesToPrecedingRound() {
    RoundTrace recording = new RoundTrace(List.of(
        new RoundTrace.Round(1, Duration.ofSeconds(3), Duration.ofSeconds(1), 100 * MIB, 0, 5 * MIB, 0,
            100 * MIB, Duration.ofMillis(60)),
        new RoundTrace.Round(2, Duration.ofMillis(4100), Duration.ofMillis(100), 10 * MIB, 0, MIB, 0,
            100 * MIB,
            Duration.ofMillis(17))));
    DirtySource device = recording.sources().getFirst();
    assertThat(device.kind()).isEqualTo(DirtySource.Kind.DEVICE);
    assertThat(device.firstRoundBytes()).isEqualTo(100 * MIB);
    assertThat(device.dirtied(5, 7)).isCloseTo(10 * MIB, within(1.0));
    assertThat(recording.sources()).hasSize(1);
    assertThat(recording.fixedCost()).isEqualTo(Duration.ofMillis(7));
    assertThat(recording.link().secondsFor(100 * MIB, 0)).isCloseTo(1, within(1e-6));
  }

  @Test
  void keepsCurveMonotonic() {
    Seeds.forEach(200, random -> {
      List<DirtyCurve.Point> points = new ArrayList<>();
      for (int i = random.nextInt(20); i >= 0; i--) {
        points.add(new DirtyCurve.Point(random.nextInt(1, 10) / 4.0, random.nextInt(100)));
      }
      DirtyCurve curve = new DirtyCurve(points);
      double before = 0;
      for (double seconds = 0; seconds < 4; seconds += 0.05) {
        double dirtied = curve.dirtied(seconds);
        assertThat(dirtied).isGreaterThanOrEqualTo(before - 1e-9);
        before = dirtied;
      }
    });
  }

  @Test
  void poolsDecreasingPoints() {
    DirtyCurve curve = new DirtyCurve(List.of(new DirtyCurve.Point(4, 50), new DirtyCurve.Point(1, 20),
        new DirtyCurve.Point(3, 30), new DirtyCurve.Point(2, 40)));
    assertThat(curve.dirtied(0)).isZero();
    assertThat(curve.dirtied(0.5)).isEqualTo(10);
    assertThat(curve.dirtied(1)).isEqualTo(20);
    assertThat(curve.dirtied(2.5)).isEqualTo(35);
    assertThat(curve.dirtied(4)).isEqualTo(50);
    assertThat(curve.dirtied(5.5)).isEqualTo(65);
    assertThat(new DirtyCurve(List.of()).dirtied(1)).isZero();
  }

  @Test
  void rejectsInvalidRecordings() {
    RoundTrace.Round first =
        new RoundTrace.Round(1, Duration.ofSeconds(1), Duration.ofSeconds(1), MIB, 0, 0, 0,
            MIB, Duration.ZERO);
    RoundTrace.Round third =
        new RoundTrace.Round(3, Duration.ofSeconds(2), Duration.ofSeconds(1), MIB, 0, 0, 0,
            MIB, Duration.ZERO);
    RoundTrace.Round overlaps =
        new RoundTrace.Round(2, Duration.ofSeconds(2), Duration.ofMillis(1002), MIB, 0,
            0, 0, MIB, Duration.ZERO);
    RoundTrace.Round nothing =
        new RoundTrace.Round(1, Duration.ofSeconds(1), Duration.ofSeconds(1), 0, 0, 0, 0,
            0, Duration.ZERO);
    assertThatThrownBy(() -> new RoundTrace(List.of())).hasMessage("no rounds");
    assertThatThrownBy(() -> new RoundTrace(List.of(first, third))).hasMessage("round 2 is missing");
    assertThatThrownBy(() -> new RoundTrace(List.of(first, overlaps)))
        .hasMessage("round 2 starts before round 1 has ended");
    assertThatThrownBy(() -> new RoundTrace(List.of(nothing))).hasMessage("no round sent anything");
    assertThatThrownBy(
        () -> new RoundTrace.Round(1, Duration.ofSeconds(1), Duration.ofSeconds(2), 0, 0, 0, 0, 0,
            Duration.ZERO))
        .hasMessage("a round that took 2.000 s cannot end at 1.000 s");
  }

  @Test
  void continuesAtLastLinkRate() {
    LinkRate link = LinkRate.of(List.of(new LinkRate.Interval(Duration.ofSeconds(2), 10),
        new LinkRate.Interval(Duration.ofSeconds(3), 100)));
    assertThat(link.secondsFor(15, 0)).isEqualTo(1.5);
    assertThat(link.secondsFor(1020, 0)).isEqualTo(12);
    assertThat(link.bytesIn(1, 12)).isEqualTo(1010);
    Seeds.forEach(200, random -> {
      double from = random.nextDouble(5);
      double bytes = random.nextDouble(500);
      assertThat(link.bytesIn(from, from + link.secondsFor(bytes, from))).isCloseTo(bytes, within(1e-6));
    });
  }
}
