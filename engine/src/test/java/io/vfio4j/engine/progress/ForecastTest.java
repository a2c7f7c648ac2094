// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.stream.TargetCosts;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Predictions and the measurements they are made from. */
class ForecastTest {

  private static final Duration LIMIT = Duration.ofMillis(300);
  private static final TransferRate FAST = TransferRate.UNMEASURED.plus(100 << 20, 1_000_000_000);

  private static Forecast forecast(Duration limit) {
    return Forecast.toTarget(limit,
        Optional.of(new TargetCosts(Duration.ofMillis(10), Duration.ofMillis(4))), Duration.ofMillis(3),
        Duration.ofMillis(1));
  }

  private static Duration part(Prediction prediction, DowntimeParts.Part part) {
    return requireNonNull(prediction.parts().durations().get(part));
  }

  @Test
  void attributesCostsToParts() {
    Forecast forecast = forecast(LIMIT);
    forecast.recordMove(Duration.ofMillis(12));
    forecast.recordCalls(Duration.ofMillis(1));
    forecast.recordCollection(Duration.ofMillis(2));
    Prediction prediction = forecast.predict(10 << 20, 0, FAST, true);
    assertThat(part(prediction, DowntimeParts.Part.STOPPING)).isEqualTo(Duration.ofMillis(8));
    assertThat(part(prediction, DowntimeParts.Part.SENDING)).isEqualTo(Duration.ofMillis(100));
    assertThat(part(prediction, DowntimeParts.Part.LOADING)).isEqualTo(Duration.ofMillis(3));
    assertThat(part(prediction, DowntimeParts.Part.RECORDING)).isEqualTo(Duration.ofMillis(3));
    assertThat(part(prediction, DowntimeParts.Part.STARTING)).isEqualTo(Duration.ofMillis(12));
    assertThat(prediction.downtime()).isEqualTo(Duration.ofMillis(126));
  }

  @Test
  void predictsSameValueRepeatedly() {
    Forecast forecast = forecast(Duration.ofNanos(1000));
    forecast.recordMove(Duration.ofMillis(100));
    forecast.recordCalls(Duration.ofMillis(4));
    forecast.recordCalls(Duration.ofMillis(1));
    Duration first = forecast.predict(184, 0, FAST, true).downtime();
    for (int i = 0; i < 100; i++) {
      assertThat(forecast.predict(184, 0, FAST, true).downtime()).isEqualTo(first);
    }
  }

  @Test
  void predictsAtLeastCallAndMessageCosts() {
    Forecast forecast = forecast(Duration.ofNanos(1000));
    forecast.recordMove(Duration.ofMillis(100));
    forecast.recordCalls(Duration.ofSeconds(1));
    for (int i = 0; i < 100; i++) {
      forecast.recordCalls(Duration.ofMillis(2));
    }
    // Six calls, two round trips and three records.
    assertThat(forecast.predict(0, 0, FAST, true).downtime())
        .isGreaterThanOrEqualTo(Duration.ofMillis(6 * 2 + 2 + 3 + 8));
  }

  @Test
  void recoversFromSlowFirstTransition() {
    Forecast forecast = Forecast.toTarget(LIMIT, Optional.empty(), Duration.ZERO, Duration.ofMillis(1));
    forecast.recordMove(Duration.ofMillis(400));
    forecast.recordCalls(Duration.ofMillis(20));
    assertThat(forecast.predict(184, 0, FAST, true).downtime()).isGreaterThan(LIMIT);
    for (int i = 0; i < 10; i++) {
      forecast.recordCalls(Duration.ofMillis(1));
    }
    assertThat(forecast.predict(184, 0, FAST, true).downtime()).isBetween(Duration.ofMillis(10),
        Duration.ofMillis(60));
  }

  @Test
  void boundsSlowFirstTransitionByTargets() {
    Forecast forecast = forecast(LIMIT);
    forecast.recordMove(Duration.ofMillis(250));
    assertThat(part(forecast.predict(0, 0, FAST, true), DowntimeParts.Part.STOPPING))
        .isEqualTo(Duration.ofMillis(15));
  }

  @Test
  void prefersMeasuredRoundTrip() {
    Forecast forecast = Forecast.toTarget(LIMIT, Optional.empty(), Duration.ZERO, Duration.ofMillis(150));
    forecast.recordRoundTrip(Duration.ofMillis(2));
    assertThat(part(forecast.predict(0, 0, FAST, true), DowntimeParts.Part.LOADING))
        .isEqualTo(Duration.ofMillis(2));
  }

  @Test
  void omitsTargetPartsForFile() {
    Forecast forecast = Forecast.toFile(LIMIT);
    forecast.recordMove(Duration.ofMillis(5));
    assertThat(forecast.predict(0, 0, FAST, true).parts().durations()).containsOnlyKeys(
        DowntimeParts.Part.STOPPING, DowntimeParts.Part.SENDING, DowntimeParts.Part.RESTARTING);
  }
}
