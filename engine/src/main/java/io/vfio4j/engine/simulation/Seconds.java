// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;
import java.util.Locale;

/** Durations as numbers, and back. */
final class Seconds {

  private static final double NANOS = 1e9;

  private Seconds() {
  }

  static double of(Duration duration) {
    return duration.getSeconds() + duration.getNano() / NANOS;
  }

  /** Returns a duration, rounded to nanoseconds; what is longer than one can be is cut. */
  static Duration duration(double seconds) {
    double whole = Math.floor(seconds);
    return whole >= Long.MAX_VALUE / NANOS
        ? Duration.ofNanos(Long.MAX_VALUE)
        : Duration.ofSeconds((long) whole, Math.round((seconds - whole) * NANOS));
  }

  static String words(Duration duration) {
    return String.format(Locale.ROOT, "%.3f s", of(duration));
  }
}
