// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is predicted from what was measured. */
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
  void everyMeasuredCostIsInItsPart() {
    Forecast forecast = forecast(LIMIT);
    forecast.moveTook(Duration.ofMillis(12));
    forecast.callsTook(Duration.ofMillis(1));
    forecast.collectingTook(Duration.ofMillis(2));
    Prediction prediction = forecast.predict(10 << 20, 0, FAST, true);
    assertThat(part(prediction, DowntimeParts.Part.STOPPING)).isEqualTo(Duration.ofMillis(8));
    assertThat(part(prediction, DowntimeParts.Part.SENDING)).isEqualTo(Duration.ofMillis(100));
    assertThat(part(prediction, DowntimeParts.Part.LOADING)).isEqualTo(Duration.ofMillis(3));
    assertThat(part(prediction, DowntimeParts.Part.RECORDING)).isEqualTo(Duration.ofMillis(3));
    assertThat(part(prediction, DowntimeParts.Part.STARTING)).isEqualTo(Duration.ofMillis(12));
    assertThat(prediction.downtime()).isEqualTo(Duration.ofMillis(126));
  }

  @Test
  void askingAgainChangesNothing() {
    Forecast forecast = forecast(Duration.ofNanos(1000));
    forecast.moveTook(Duration.ofMillis(100));
    forecast.callsTook(Duration.ofMillis(4));
    forecast.callsTook(Duration.ofMillis(1));
    Duration first = forecast.predict(184, 0, FAST, true).downtime();
    for (int i = 0; i < 100; i++) {
      assertThat(forecast.predict(184, 0, FAST, true).downtime()).isEqualTo(first);
    }
  }

  @Test
  void nothingGoesBelowWhatCallsAndMessagesTake() {
    Forecast forecast = forecast(Duration.ofNanos(1000));
    forecast.moveTook(Duration.ofMillis(100));
    forecast.callsTook(Duration.ofSeconds(1));
    for (int i = 0; i < 100; i++) {
      forecast.callsTook(Duration.ofMillis(2));
    }
    // Six calls, two round trips and three records.
    assertThat(forecast.predict(0, 0, FAST, true).downtime())
        .isGreaterThanOrEqualTo(Duration.ofMillis(6 * 2 + 2 + 3 + 8));
  }

  @Test
  void aFirstMoveThatMetABusyMomentDoesNotStandInTheWayForEver() {
    Forecast forecast = Forecast.toTarget(LIMIT, Optional.empty(), Duration.ZERO, Duration.ofMillis(1));
    forecast.moveTook(Duration.ofMillis(400));
    forecast.callsTook(Duration.ofMillis(20));
    assertThat(forecast.predict(184, 0, FAST, true).downtime()).isGreaterThan(LIMIT);
    for (int i = 0; i < 10; i++) {
      forecast.callsTook(Duration.ofMillis(1));
    }
    assertThat(forecast.predict(184, 0, FAST, true).downtime()).isBetween(Duration.ofMillis(10),
        Duration.ofMillis(60));
  }

  @Test
  void oneSlowFirstMoveIsMeasuredByTheOther() {
    Forecast forecast = forecast(LIMIT);
    forecast.moveTook(Duration.ofMillis(250));
    assertThat(part(forecast.predict(0, 0, FAST, true), DowntimeParts.Part.STOPPING))
        .isEqualTo(Duration.ofMillis(15));
  }

  @Test
  void aMeasuredRoundTripStandsInsteadOfTheIntroduction() {
    Forecast forecast = Forecast.toTarget(LIMIT, Optional.empty(), Duration.ZERO, Duration.ofMillis(150));
    forecast.roundTripTook(Duration.ofMillis(2));
    assertThat(part(forecast.predict(0, 0, FAST, true), DowntimeParts.Part.LOADING))
        .isEqualTo(Duration.ofMillis(2));
  }

  @Test
  void aFileNeedsNobodyToAnswer() {
    Forecast forecast = Forecast.toFile(LIMIT);
    forecast.moveTook(Duration.ofMillis(5));
    assertThat(forecast.predict(0, 0, FAST, true).parts().durations()).containsOnlyKeys(
        DowntimeParts.Part.STOPPING, DowntimeParts.Part.SENDING, DowntimeParts.Part.GOING_ON);
  }
}
