// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.svg.Ticks;
import io.vfio4j.engine.simulation.SimulatedRound;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Bytes left over time, for each scenario, on a logarithmic scale: what a chart of any kind shows. */
final class Chart {

  private static final double NANOS = 1e9;

  /** There is room for this much above and below what is shown. */
  private static final double ROOM = 1.5;

  /** What is so much less than the limit of the downtime needs no room of its own. */
  private static final double DEPTH = 8;

  private static final double LEAST = 4096;
  private static final double TICK_RATIO = 16;
  private static final double FINE_RATIO = 4;
  private static final double FEW_TICKS = 1e5;
  private static final int TIME_TICKS = 8;

  private final List<Series> series;
  private final double lastSecond;
  private final double least;
  private final double most;

  /** A place in a chart: seconds since pre-copy began, and bytes left then. */
  record At(double seconds, double bytes) {
  }

  /** How one scenario went: corners of its line, in the order of time. */
  record Series(Compared compared, List<At> corners) {

    /** Returns the bytes left at a time; what was left in the end after it. */
    double at(double seconds) {
      At before = corners.getFirst();
      for (At corner : corners) {
        if (corner.seconds() >= seconds) {
          double length = corner.seconds() - before.seconds();
          double part = length > 0 ? (seconds - before.seconds()) / length : 1;
          return before.bytes() + part * (corner.bytes() - before.bytes());
        }
        before = corner;
      }
      return before.bytes();
    }

    double end() {
      return corners.getLast().seconds();
    }
  }

  Chart(List<Compared> all) {
    series = all.stream().map(one -> new Series(one, corners(one))).toList();
    lastSecond = Math.max(1e-3, series.stream().mapToDouble(Series::end).max().orElseThrow());
    double smallest = Double.MAX_VALUE;
    double largest = LEAST;
    for (Series one : series) {
      double limit = (double) one.compared().fitting();
      smallest = Math.min(smallest, limit);
      for (At corner : one.corners()) {
        smallest = Math.min(smallest, Math.max(corner.bytes(), limit / DEPTH));
        largest = Math.max(largest, corner.bytes());
      }
    }
    least = Math.max(LEAST, smallest) / ROOM;
    most = Math.max(largest, 2 * least) * ROOM;
  }

  private static List<At> corners(Compared one) {
    List<At> corners = new ArrayList<>();
    corners.add(new At(0, (double) one.first()));
    for (SimulatedRound round : one.result().rounds()) {
      corners.add(new At(seconds(round.end()), (double) round.left()));
    }
    return corners;
  }

  static double seconds(Duration time) {
    return time.toNanos() / NANOS;
  }

  List<Series> series() {
    return series;
  }

  double lastSecond() {
    return lastSecond;
  }

  /** Returns how high bytes are, from 0 at the bottom to 1 at the top; what is below the scale is at the bottom. */
  double height(double bytes) {
    double shown = Math.clamp(bytes, least, most);
    return Math.log(shown / least) / Math.log(most / least);
  }

  /** Returns the bytes at which the scale is marked. */
  List<Long> byteTicks() {
    List<Long> ticks = new ArrayList<>();
    double ratio = most / least < FEW_TICKS ? FINE_RATIO : TICK_RATIO;
    for (double tick = 1; tick <= most; tick *= ratio) {
      if (tick >= least) {
        ticks.add((long) tick);
      }
    }
    return ticks;
  }

  /** Returns the seconds at which the scale is marked: round ones. */
  List<Double> timeTicks() {
    return Ticks.upTo(lastSecond, TIME_TICKS);
  }

  /** Returns what fits into the limit of the downtime, of each scenario that differs in that. */
  List<Long> limits() {
    return series.stream().map(one -> one.compared().fitting()).distinct().sorted().toList();
  }
}
