// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.vfio4j.testkit.Seeds;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Bytes written, and bytes dirtied by them. */
class WriteRateTest {

  private static WriteRate any(RandomGenerator random) {
    Duration some = Duration.ofMillis(random.nextLong(1, 3000));
    return switch (random.nextInt(3)) {
      case 0 -> new WriteRate.Steady(random.nextDouble(1e6));
      case 1 -> new WriteRate.Bursts(random.nextDouble(1e6), some, some.plusMillis(random.nextLong(3000)));
      default -> new WriteRate.Ramp(random.nextDouble(1e6), random.nextDouble(1e6), some);
    };
  }

  @Test
  void sumsVolumesOverSubintervals() {
    Seeds.forEach(1000, random -> {
      WriteRate rhythm = any(random);
      double from = random.nextDouble(10);
      double middle = from + random.nextDouble(5);
      double to = middle + random.nextDouble(5);
      assertThat(rhythm.volume(from, middle)).isNotNegative();
      assertThat(rhythm.volume(from, middle) + rhythm.volume(middle, to))
          .isCloseTo(rhythm.volume(from, to), within(1e-3));
    });
  }

  @Test
  void integratesRate() {
    WriteRate bursts = new WriteRate.Bursts(100, Duration.ofSeconds(2), Duration.ofSeconds(10));
    assertThat(bursts.volume(0, 1)).isEqualTo(100);
    assertThat(bursts.volume(1, 10)).isEqualTo(100);
    assertThat(bursts.volume(3, 9)).isZero();
    assertThat(bursts.volume(0, 31)).isEqualTo(700);
    WriteRate ramp = new WriteRate.Ramp(10, 30, Duration.ofSeconds(10));
    assertThat(ramp.volume(0, 10)).isEqualTo(200);
    assertThat(ramp.volume(0, 5)).isEqualTo(75);
    assertThat(ramp.volume(10, 12)).isEqualTo(60);
  }

  @Test
  void matchesRandomWriteCoverage() {
    int pages = 20_000;
    int writes = 15_000;
    WritePattern random = new WritePattern(pages, WritePattern.Order.RANDOM, new WriteRate.Steady(writes));
    Seeds.forEach(5, dice -> {
      BitSet touched = new BitSet(pages);
      for (int i = 0; i < writes; i++) {
        touched.set(dice.nextInt(pages));
      }
      // One page each: the count has a standard deviation of less than 60.
      assertThat(random.dirtied(0, 1)).isCloseTo(touched.cardinality(), within(400.0));
    });
    assertThat(random.dirtied(0, 1000)).isCloseTo(pages, within(0.01));
  }

  @Test
  void capsCyclicWritesAtWorkingSet() {
    WritePattern cyclic = new WritePattern(1000, WritePattern.Order.CYCLIC, new WriteRate.Steady(100));
    assertThat(cyclic.dirtied(3, 5)).isEqualTo(200);
    assertThat(cyclic.dirtied(0, 100)).isEqualTo(1000);
  }

  @Test
  void rejectsInvalidParameters() {
    assertThatThrownBy(() -> new WriteRate.Steady(-1)).hasMessage("bytesPerSecond cannot be -1.0");
    assertThatThrownBy(() -> new WriteRate.Bursts(1, Duration.ofSeconds(2), Duration.ofSeconds(1)))
        .hasMessage("a period of 1.000 s is shorter than its burst of 2.000 s");
    assertThatThrownBy(() -> new WriteRate.Ramp(1, 2, Duration.ZERO))
        .hasMessageContaining("over must be more than 0");
    WritePattern some = new WritePattern(600, WritePattern.Order.RANDOM, new WriteRate.Steady(1));
    assertThatThrownBy(() -> new DirtySource.Synthetic(DirtySource.Kind.MEMORY, 1000, 0, List.of(some, some)))
        .hasMessageContaining("larger together than the 1000 bytes");
  }
}
