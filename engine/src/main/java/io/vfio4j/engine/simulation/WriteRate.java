// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;

/** The number of bytes written over time, including rewritten ones. */
public sealed interface WriteRate {

  /**
   * Returns the bytes written in an interval.
   *
   * @param from its start, seconds since pre-copy began, not negative
   * @param to its end, not before the start
   */
  double volume(double from, double to);

  /**
   * A constant rate.
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
   * Periodic bursts, the first of which starts with pre-copy.
   *
   * @param bytesPerSecond the rate within a burst, not negative
   * @param burst the duration of a burst, more than 0
   * @param period from one start to the next, at least as long as a burst
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

    /** Returns the time within bursts until then. */
    private double secondsWithin(double until) {
      double every = Seconds.of(period);
      double each = Seconds.of(burst);
      double periods = Math.floor(until / every);
      return periods * each + Math.min(each, until - periods * every);
    }
  }

  /**
   * A rate that changes linearly, and then stays constant.
   *
   * @param first bytes per second when pre-copy begins, not negative
   * @param last bytes per second in the end, not negative
   * @param over the duration of the change, more than 0
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
