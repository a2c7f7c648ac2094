// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.svg.Ticks;
import io.vfio4j.engine.simulation.SimulatedRound;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The data of a chart: the remaining bytes of each scenario over time, on a logarithmic scale. */
final class Chart {

  private static final double NANOS = 1e9;

  /** The factor by which the scale extends above and below the data. */
  private static final double MARGIN = 1.5;

  /** Values below the downtime limit by more than this factor are cut off. */
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

  /** A point of a chart: seconds since the start of pre-copy, and bytes remaining. */
  record ChartPoint(double seconds, double bytes) {
  }

  /** The line of one scenario: its corners in the order of time. */
  record Series(ScenarioResult compared, List<ChartPoint> corners) {

    /** Returns the bytes remaining at a time; after the end, the last value. */
    double at(double seconds) {
      ChartPoint previous = corners.getFirst();
      for (ChartPoint corner : corners) {
        if (corner.seconds() >= seconds) {
          double length = corner.seconds() - previous.seconds();
          double part = length > 0 ? (seconds - previous.seconds()) / length : 1;
          return previous.bytes() + part * (corner.bytes() - previous.bytes());
        }
        previous = corner;
      }
      return previous.bytes();
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

  /** Returns the height of a value, from 0 at the bottom to 1 at the top; values below the scale are at the bottom. */
  double height(double bytes) {
    double shown = Math.clamp(bytes, minBytes, maxBytes);
    return Math.log(shown / minBytes) / Math.log(maxBytes / minBytes);
  }

  /** Returns the tick marks of the scale in bytes. */
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

  /** Returns the tick marks of the time axis in seconds. */
  List<Double> timeTicks() {
    return Ticks.upTo(lastSecond, TIME_TICKS);
  }

  /** Returns the distinct numbers of bytes that can be sent within the downtime limits. */
  List<Long> limits() {
    return series.stream().map(one -> one.compared().fittingBytes()).distinct().sorted().toList();
  }
}
