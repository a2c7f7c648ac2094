// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;
import java.util.Locale;

/** Converts durations to numbers and back. */
final class Seconds {

  private static final double NANOS = 1e9;
  private static final double CENTURY = 100 * 365.0 * 86_400;

  private Seconds() {
  }

  static double of(Duration duration) {
    return duration.getSeconds() + duration.getNano() / NANOS;
  }

  /** Returns a duration, rounded to nanoseconds, at most a century so that two can be added. */
  static Duration duration(double seconds) {
    double shown = Math.min(seconds, CENTURY);
    double whole = Math.floor(shown);
    return Duration.ofSeconds((long) whole, Math.round((shown - whole) * NANOS));
  }

  static String format(Duration duration) {
    return String.format(Locale.ROOT, "%.3f s", of(duration));
  }
}
