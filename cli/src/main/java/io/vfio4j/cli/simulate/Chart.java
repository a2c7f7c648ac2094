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
  private static final double MARGIN = 1.5;

  /** What is so much less than the limit of the downtime needs no room of its own. */
  private static final double DEPTH = 8;

  private static final double MIN_BYTES = 4096;
  private static final double TICK_RATIO = 16;
  private static final double FINE_RATIO = 4;
  private static final double FEW_TICKS = 1e5;
  private static final int TIME_TICKS = 8;

  private final List<Series> series;
  private final double lastSecond;
  private final double minBytes;
  private final double maxBytes;

  /** A place in a chart: seconds since pre-copy began, and bytes left then. */
  record ChartPoint(double seconds, double bytes) {
  }

  /** How one scenario went: corners of its line, in the order of time. */
  record Series(ScenarioResult compared, List<ChartPoint> corners) {

    /** Returns the bytes left at a time; what was left in the end after it. */
    double at(double seconds) {
      ChartPoint before = corners.getFirst();
      for (ChartPoint corner : corners) {
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

  Chart(List<ScenarioResult> all) {
    series = all.stream().map(one -> new Series(one, corners(one))).toList();
    lastSecond = Math.max(1e-3, series.stream().mapToDouble(Series::end).max().orElseThrow());
    double smallest = Double.MAX_VALUE;
    double largest = MIN_BYTES;
    for (Series one : series) {
      double limit = (double) one.compared().fittingBytes();
      smallest = Math.min(smallest, limit);
      for (ChartPoint corner : one.corners()) {
        smallest = Math.min(smallest, Math.max(corner.bytes(), limit / DEPTH));
        largest = Math.max(largest, corner.bytes());
      }
    }
    minBytes = Math.max(MIN_BYTES, smallest) / MARGIN;
    maxBytes = Math.max(largest, 2 * minBytes) * MARGIN;
  }

  private static List<ChartPoint> corners(ScenarioResult one) {
    List<ChartPoint> corners = new ArrayList<>();
    corners.add(new ChartPoint(0, (double) one.firstRoundBytes()));
    for (SimulatedRound round : one.result().rounds()) {
      corners.add(new ChartPoint(seconds(round.end()), (double) round.left()));
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
    double shown = Math.clamp(bytes, minBytes, maxBytes);
    return Math.log(shown / minBytes) / Math.log(maxBytes / minBytes);
  }

  /** Returns the bytes at which the scale is marked. */
  List<Long> byteTicks() {
    List<Long> ticks = new ArrayList<>();
    double ratio = maxBytes / minBytes < FEW_TICKS ? FINE_RATIO : TICK_RATIO;
    for (double tick = 1; tick <= maxBytes; tick *= ratio) {
      if (tick >= minBytes) {
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
    return series.stream().map(one -> one.compared().fittingBytes()).distinct().sorted().toList();
  }
}
