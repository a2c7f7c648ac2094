// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/** Predicts how long a switchover would take, from what was measured so far. */
final class Forecast {

  /**
   * The move to PRE_COPY, which was measured, stands for those of a switchover: one to stop, one to start.
   */
  private static final int MOVES = 2;

  /** Round trips that a switchover takes: END and LOADED, YOURS and CONFIRMED. */
  private static final int ROUND_TRIPS = 2;

  private final Duration maxDowntime;
  private Duration fixedCost;

  Forecast(Duration maxDowntime, Duration roundTrip) {
    this.maxDowntime = maxDowntime;
    this.fixedCost = roundTrip.multipliedBy(ROUND_TRIPS);
  }

  /** The move of all devices to PRE_COPY took so long. */
  void movesTook(Duration time) {
    fixedCost = fixedCost.plus(time.multipliedBy(MOVES));
  }

  /** Predicts; a rate of 0 means that none has been measured yet. */
  Prediction predict(long remaining, double bytesPerSecond, boolean initialDone) {
    return Prediction.of(remaining, bytesPerSecond, fixedCost, initialDone);
  }

  /**
   * What moves and messages take is guessed from one measurement, which may have met a busy moment. Where that guess
   * alone stands in the way, less and less is given for it; the limit itself holds in any case.
   */
  void doubt(RoundFacts facts) {
    Duration sending = facts.predictedDowntime().minus(fixedCost);
    if (facts.initialDone() && !facts.fits() && sending.compareTo(maxDowntime) <= 0) {
      fixedCost = fixedCost.dividedBy(2);
    }
  }
}
