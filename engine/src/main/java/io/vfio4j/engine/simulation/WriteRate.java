// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;

/** How many bytes are written over time, rewritten ones included. */
public sealed interface WriteRate {

  /**
   * Returns the bytes written in an interval.
   *
   * @param from its beginning, seconds since pre-copy began, not negative
   * @param to its end, not before that
   */
  double volume(double from, double to);

  /**
   * The same all the time.
   *
   * @param bytesPerSecond not negative
   */
  record Steady(double bytesPerSecond) implements WriteRate {

    /** Checks the rate. */
    public Steady {
      Ranges.requireRate(bytesPerSecond, "bytesPerSecond");
    }

    @Override
    public double volume(double from, double to) {
      return bytesPerSecond * (to - from);
    }
  }

  /**
   * Writes for a while, then nothing, and so on; a burst begins with pre-copy.
   *
   * @param bytesPerSecond within a burst, not negative
   * @param burst how long one is, more than 0
   * @param period from the beginning of one to that of the next, at least as long
   */
  record Bursts(double bytesPerSecond, Duration burst, Duration period) implements WriteRate {

    /** Checks the ranges. */
    public Bursts {
      Ranges.requireRate(bytesPerSecond, "bytesPerSecond");
      Ranges.requirePositive(burst, "burst");
      if (period.compareTo(burst) < 0) {
        throw new IllegalArgumentException("a period of %s is shorter than its burst of %s"
            .formatted(Seconds.format(period), Seconds.format(burst)));
      }
    }

    @Override
    public double volume(double from, double to) {
      return bytesPerSecond * (secondsWithin(to) - secondsWithin(from));
    }

    /** Returns how much of the time until then lies within bursts. */
    private double secondsWithin(double until) {
      double every = Seconds.of(period);
      double each = Seconds.of(burst);
      double periods = Math.floor(until / every);
      return periods * each + Math.min(each, until - periods * every);
    }
  }

  /**
   * More and more, or less and less, and from then on the same.
   *
   * @param first bytes a second when pre-copy begins, not negative
   * @param last bytes a second in the end, not negative
   * @param over how long it takes from one to the other, more than 0
   */
  record Ramp(double first, double last, Duration over) implements WriteRate {

    /** Checks the ranges. */
    public Ramp {
      Ranges.requireRate(first, "first");
      Ranges.requireRate(last, "last");
      Ranges.requirePositive(over, "over");
    }

    @Override
    public double volume(double from, double to) {
      return volumeUntil(to) - volumeUntil(from);
    }

    private double volumeUntil(double time) {
      double length = Seconds.of(over);
      double sloping = Math.min(time, length);
      return first * sloping + (last - first) * sloping * sloping / (2 * length)
          + last * (time - sloping);
    }
  }
}
