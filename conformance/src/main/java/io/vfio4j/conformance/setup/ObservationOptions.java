// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The options of an observation.
 *
 * @param maxPause how long a check may stop the device; empty if none may stop it
 * @param slowCall the duration above which a request to a running device is reported as slow
 * @param nanoTime the clock for durations, in nanoseconds
 */
public record ObservationOptions(Optional<Duration> maxPause, Duration slowCall, LongSupplier nanoTime) {

  /** Nothing stops the device; 100 ms; the system's clock. */
  public static final ObservationOptions DEFAULT =
      new ObservationOptions(Optional.empty(), Duration.ofMillis(100), System::nanoTime);

  /** Returns options with which checks may stop the device. */
  public ObservationOptions withMaxPause(Duration other) {
    return new ObservationOptions(Optional.of(other), slowCall, nanoTime);
  }

  /** Returns options with another clock. */
  public ObservationOptions withClock(LongSupplier other) {
    return new ObservationOptions(maxPause, slowCall, other);
  }
}
