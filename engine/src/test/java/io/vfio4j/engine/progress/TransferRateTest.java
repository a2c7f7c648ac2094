// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The rates that small and large amounts give. */
class TransferRateTest {

  private static final long MIB = 1 << 20;

  @Test
  void assumesGigabitWithoutMeasurement() {
    assertThat(TransferRate.UNMEASURED.timeFor(120_000_000)).isEqualTo(Duration.ofSeconds(1));
    assertThat(TransferRate.UNMEASURED.bytesPerSecond()).isZero();
  }

  @Test
  void ignoresFewBytesAfterMany() {
    TransferRate rate = TransferRate.UNMEASURED.plus(100 * MIB, 1_000_000_000).plus(64, 500_000_000);
    assertThat(rate.timeFor(100 * MIB)).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void countsFewBytesOnceEnough() {
    TransferRate rate = TransferRate.UNMEASURED;
    for (int i = 0; i < 1024; i++) {
      rate = rate.plus(64, 1_000_000);
    }
    assertThat(rate.isSmallSample()).isFalse();
    assertThat(rate.timeFor(64)).isEqualTo(Duration.ofMillis(1));
  }

  @Test
  void appliesFewBytesToKnownRemainderOnly() {
    TransferRate rate = TransferRate.UNMEASURED.plus(64, 54_000_000);
    assertThat(rate.timeFor(128)).isEqualTo(Duration.ofMillis(108));
    assertThat(rate.timeForAssumed(64 << 10)).isLessThan(Duration.ofMillis(1));
  }
}
