// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.time.Duration;

/**
 * How long a switchover would take now.
 *
 * @param remaining bytes to be sent while the device stands still
 * @param downtime the time for that, and for the moves of the devices and the messages
 * @param initialDone whether all initial data has been read, before which leaving pre-copy is not recommended
 */
record Prediction(long remaining, Duration downtime, boolean initialDone) {

  private static final double NANOS_PER_SECOND = 1e9;

  /** Makes a prediction; a rate of 0 means that none has been measured yet. */
  static Prediction of(long remaining, double bytesPerSecond, Duration fixedCost, boolean initialDone) {
    double nanos = bytesPerSecond > 0 ? remaining / bytesPerSecond * NANOS_PER_SECOND : 0;
    return new Prediction(remaining, fixedCost.plusNanos((long) nanos), initialDone);
  }

  boolean fits(Duration limit) {
    return initialDone && downtime.compareTo(limit) <= 0;
  }
}
