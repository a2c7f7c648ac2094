// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The number of bytes dirtied, each counted once, as a function of the length of an interval, fitted to
 * measurements.
 *
 * <p>
 * A longer interval never dirties less. Where measurements contradict that, because the load changed, they
 * are replaced by their mean: the curve is the closest non-decreasing one (least squares, by pooling adjacent
 * violators). It is linear between points, begins at the origin, and continues with the last slope beyond the
 * longest interval, up to the size of the source.
 */
public final class DirtyCurve {

  private final List<Pool> points;

  /**
   * A measurement.
   *
   * @param seconds length of the interval, more than 0
   * @param bytes bytes dirtied in it, each counted once, not negative
   */
  public record Point(double seconds, double bytes) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value is out of range
     */
    public Point {
      if (!(seconds > 0 && seconds < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("an interval cannot be %s s long".formatted(seconds));
      }
      Ranges.requireRate(bytes, "bytes");
    }
  }

  /** Fits a curve; without measurements nothing is ever dirtied. */
  public DirtyCurve(List<Point> measured) {
    points = new ArrayList<>();
    measured.stream().sorted(Comparator.comparingDouble(Point::seconds)).forEach(this::add);
  }

  /** The mean of measurements that are close together or decreasing. */
  private record Pool(double seconds, double bytes, int count) {
    Pool with(Pool other) {
      int all = count + other.count;
      return new Pool((seconds * count + other.seconds * other.count) / all,
          (bytes * count + other.bytes * other.count) / all, all);
    }
  }

  private void add(Point point) {
    Pool last = new Pool(point.seconds(), point.bytes(), 1);
    while (!points.isEmpty()
        && (points.getLast().bytes >= last.bytes || points.getLast().seconds == last.seconds)) {
      last = points.removeLast().with(last);
    }
    points.add(last);
  }

  /** Returns the bytes dirtied in an interval. */
  double dirtied(double seconds) {
    if (points.isEmpty()) {
      return 0;
    }
    Pool before = new Pool(0, 0, 0);
    Pool after = points.getFirst();
    for (int i = 1; i < points.size() && after.seconds < seconds; i++) {
      before = after;
      after = points.get(i);
    }
    double slope = (after.bytes - before.bytes) / (after.seconds - before.seconds);
    return before.bytes + slope * (seconds - before.seconds);
  }
}
