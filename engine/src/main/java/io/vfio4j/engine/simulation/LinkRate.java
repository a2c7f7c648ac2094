// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The rate at which bytes can be sent: constant, or as measured. */
public final class LinkRate {

  private final List<Interval> intervals;

  /**
   * A period of constant rate.
   *
   * @param end its end, since pre-copy began
   * @param bytesPerSecond more than 0
   */
  public record Interval(Duration end, double bytesPerSecond) {

    /**
     * Checks the rate.
     *
     * @throws IllegalArgumentException if it is not more than 0
     */
    public Interval {
      Ranges.requireRate(bytesPerSecond, "bytesPerSecond");
      if (bytesPerSecond == 0) {
        throw new IllegalArgumentException("nothing can be sent with 0 bytes a second");
      }
    }
  }

  private LinkRate(List<Interval> stretches) {
    this.intervals = List.copyOf(stretches);
  }

  /** Returns a link with a constant rate, more than 0. */
  public static LinkRate steady(double bytesPerSecond) {
    return new LinkRate(List.of(new Interval(Duration.ZERO, bytesPerSecond)));
  }

  /**
   * Returns a link with a rate for each period; the last one is unlimited.
   *
   * @throws IllegalArgumentException if there is none, or one does not end after the previous one
   */
  public static LinkRate of(List<Interval> stretches) {
    if (stretches.isEmpty()) {
      throw new IllegalArgumentException("a link needs a rate");
    }
    List<Interval> kept = new ArrayList<>();
    for (Interval stretch : stretches) {
      if (!kept.isEmpty() && stretch.end().compareTo(kept.getLast().end()) <= 0) {
        throw new IllegalArgumentException("a period ends at %s, but the previous one at %s"
            .formatted(Seconds.format(stretch.end()), Seconds.format(kept.getLast().end())));
      }
      kept.add(stretch);
    }
    return new LinkRate(kept);
  }

  /** Returns the seconds to send the given bytes, starting at the given time. */
  double secondsFor(double bytes, double from) {
    double left = bytes;
    double now = from;
    for (Interval stretch : intervals.subList(0, intervals.size() - 1)) {
      double until = Seconds.of(stretch.end());
      if (until > now) {
        double capacity = (until - now) * stretch.bytesPerSecond();
        if (capacity >= left) {
          return now - from + left / stretch.bytesPerSecond();
        }
        left -= capacity;
        now = until;
      }
    }
    return now - from + left / intervals.getLast().bytesPerSecond();
  }

  /** Returns the bytes that can be sent in an interval. */
  double bytesIn(double from, double to) {
    double sum = 0;
    double now = from;
    for (Interval stretch : intervals.subList(0, intervals.size() - 1)) {
      double until = Math.min(to, Seconds.of(stretch.end()));
      if (until > now) {
        sum += (until - now) * stretch.bytesPerSecond();
        now = until;
      }
    }
    return sum + (to - now) * intervals.getLast().bytesPerSecond();
  }
}
