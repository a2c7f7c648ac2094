// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;

/** Checks the arguments of simulations. */
final class Ranges {

  private Ranges() {
  }

  static void requireRate(double bytesPerSecond, String name) {
    if (!(bytesPerSecond >= 0 && bytesPerSecond < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("%s cannot be %s".formatted(name, bytesPerSecond));
    }
  }

  static void requirePositive(Duration duration, String name) {
    if (!duration.isPositive()) {
      throw new IllegalArgumentException("%s must be more than 0, not %s".formatted(name, duration));
    }
  }

  static void requireNotNegative(Duration duration, String name) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("%s must not be negative, but is %s".formatted(name, duration));
    }
  }

  static void requireNotNegative(long value, String name) {
    if (value < 0) {
      throw new IllegalArgumentException("%s must not be negative, but is %d".formatted(name, value));
    }
  }
}
