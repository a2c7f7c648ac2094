// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How many bytes are dirtied, each counted once, in an interval of a length: drawn through what was measured.
 *
 * <p>
 * A longer interval never dirties less. Where measurements say so, because the load changed, those concerned are given
 * their mean: the curve is the closest one that does not fall (least squares, by pooling adjacent violators). Between
 * two lengths it is straight, and begins at the origin. Beyond the longest it goes on with the last slope, and the
 * source's size is its bound.
 */
public final class DirtyCurve {

  private final List<Pool> points;

  /**
   * A measurement.
   *
   * @param seconds length of the interval, more than 0
   * @param bytes dirtied in it, each counted once, not negative
   */
  public record Point(double seconds, double bytes) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if one is not kept
     */
    public Point {
      if (!(seconds > 0 && seconds < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("an interval cannot be %s s long".formatted(seconds));
      }
      Ranges.requireRate(bytes, "bytes");
    }
  }

  /** Draws a curve; without measurements nothing is ever dirtied. */
  public DirtyCurve(List<Point> measured) {
    points = new ArrayList<>();
    measured.stream().sorted(Comparator.comparingDouble(Point::seconds)).forEach(this::add);
  }

  /** Measurements that lie closer together, or fall: their means. */
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

  /** Returns the bytes dirtied in an interval of so many seconds. */
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
