// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.svg.Point;
import io.vfio4j.cli.svg.Svg;
import io.vfio4j.engine.simulation.SimulatedMigration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** A chart as an SVG picture: the remaining bytes over time, and below it the result of each scenario. */
final class SvgChart {

  private static final double WIDTH = 900;
  private static final double LEFT = 90;
  private static final double RIGHT = 870;
  private static final double TOP = 90;
  private static final double BOTTOM = 430;
  private static final double LEGEND = 490;
  private static final double ROW = 24;
  private static final double SAMPLE = 40;

  /** Corners within this distance, in pixels, are merged. */
  private static final double COLUMN = 0.5;

  /** Letters within this distance, in pixels, would overlap. */
  private static final double NEAR = 20;

  private final String title;
  private final Chart chart;
  private final Svg svg = new Svg();

  SvgChart(String title, Chart chart) {
    this.title = title;
    this.chart = chart;
  }

  String text() {
    axes();
    for (int i = 0; i < chart.series().size(); i++) {
      line(i, chart.series().get(i));
    }
    for (int i = 0; i < chart.series().size(); i++) {
      end(i, chart.series().get(i));
      legend(i, chart.series().get(i).compared());
    }
    keys();
    double height = LEGEND + ROW * (chart.series().size() + 1);
    svg.line("limit", new Point(LEFT, height - ROW - 4), new Point(LEFT + SAMPLE, height - ROW - 4));
    svg.text("note", new Point(LEFT + SAMPLE + 12, height - ROW),
        "bytes that fit in the maximum downtime");
    return Svg.file(title, ChartStyle.CSS, WIDTH, height, svg);
  }

  private Point point(double seconds, double bytes) {
    return new Point(LEFT + (RIGHT - LEFT) * seconds / chart.lastSecond(),
        BOTTOM - (BOTTOM - TOP) * chart.height(bytes));
  }

  private void axes() {
    svg.text("note", new Point(30, TOP - 16), "bytes left to send, on a logarithmic scale");
    for (long tick : chart.byteTicks()) {
      Point at = point(0, (double) tick);
      svg.line("grid", at, new Point(RIGHT, at.y()));
      svg.text("tick right", at.plus(-8, 4), Quantities.bytes(tick));
    }
    for (double tick : chart.timeTicks()) {
      Point at = new Point(point(tick, 1).x(), BOTTOM);
      svg.line("grid", new Point(at.x(), TOP), at);
      svg.text("tick middle", at.plus(0, 18), TextChart.timeLabel(tick));
    }
    svg.line("axis", new Point(LEFT, TOP), new Point(LEFT, BOTTOM));
    svg.line("axis", new Point(LEFT, BOTTOM), new Point(RIGHT, BOTTOM));
    svg.text("note middle", new Point((LEFT + RIGHT) / 2, BOTTOM + 38), "time since pre-copy began");
    for (long limit : chart.limits()) {
      Point at = point(0, (double) limit);
      svg.line("limit", at, new Point(RIGHT, at.y()));
    }
  }

  /** Earlier lines are wider, so that they remain visible beneath later ones. */
  private void line(int index, Chart.Series series) {
    svg.polyline("series width%d s%d".formatted(Math.max(0, 3 - index), index % ChartStyle.COLOURS),
        corners(series));
  }

  /** Of corners in one place, keeps the first, the lowest, the highest and the last. */
  private List<Point> corners(Chart.Series series) {
    List<Point> corners = new ArrayList<>();
    List<Point> here = new ArrayList<>();
    for (Chart.ChartPoint corner : series.corners()) {
      Point point = point(corner.seconds(), corner.bytes());
      if (!here.isEmpty() && point.x() - here.getFirst().x() >= COLUMN) {
        flush(here, corners);
      }
      here.add(point);
    }
    flush(here, corners);
    return corners;
  }

  private static void flush(List<Point> here, List<Point> corners) {
    Point low = here.getFirst();
    Point high = here.getFirst();
    for (Point point : here) {
      low = point.y() > low.y() ? point : low;
      high = point.y() < high.y() ? point : high;
    }
    Set<Point> seen = new HashSet<>(List.of(here.getFirst(), low, high, here.getLast()));
    here.stream().filter(seen::contains).distinct().forEach(corners::add);
    here.clear();
  }

  private void end(int index, Chart.Series series) {
    boolean moved = series.compared().result().verdict() == SimulatedMigration.Verdict.MOVED;
    svg.circle((moved ? "moved s" : "stayed s") + index % ChartStyle.COLOURS, end(series), 5);
  }

  private Point end(Chart.Series series) {
    Chart.ChartPoint last = series.corners().getLast();
    return point(last.seconds(), last.bytes());
  }

  /** Writes the letters at the ends of the lines, side by side where several lines end. */
  private void keys() {
    List<Chart.Series> left = new ArrayList<>(chart.series());
    while (!left.isEmpty()) {
      Point at = end(left.getFirst());
      List<Chart.Series> here = left.stream().filter(series -> isNear(at, end(series))).toList();
      left.removeAll(here);
      String keys = here.stream().map(series -> Character.toString(series.compared().scenario().key()))
          .collect(Collectors.joining(" "));
      boolean last = at.x() > RIGHT - NEAR;
      svg.text(last ? "key right" : "key", at.plus(last ? -6 : 9, at.y() < TOP + NEAR ? 18 : -9), keys);
    }
  }

  private static boolean isNear(Point one, Point other) {
    return Math.abs(one.x() - other.x()) < NEAR && Math.abs(one.y() - other.y()) < NEAR;
  }

  private void legend(int index, ScenarioResult one) {
    Point at = new Point(LEFT, LEGEND + index * ROW);
    String style = "s" + index % ChartStyle.COLOURS;
    svg.text("key " + style, at.plus(-24, 4), Character.toString(one.scenario().key()));
    svg.line("series width1 " + style, at, at.plus(SAMPLE, 0));
    svg.text("note", at.plus(SAMPLE + 12, 4), describe(one));
  }

  private static String describe(ScenarioResult one) {
    Scenario scenario = one.scenario();
    SimulatedMigration result = one.result();
    String bandwidth = scenario.bandwidth().isPresent()
        ? ", " + Quantities.rate((double) scenario.bandwidth().getAsLong())
        : "";
    return "%s, limit %s%s: %s after %s, %d rounds%s".formatted(scenario.describePolicies(),
        Quantities.time(scenario.maxDowntime()), bandwidth, verdict(result.verdict()),
        Quantities.time(result.total()), result.rounds().size(),
        result.downtime().map(time -> ", downtime " + Quantities.time(time)).orElse(""));
  }

  private static String verdict(SimulatedMigration.Verdict verdict) {
    return switch (verdict) {
      case MOVED -> "moved";
      case ROLLED_BACK -> "rolled back";
      case ABORTED -> "aborted";
      case STILL_WAITING -> "still waiting";
    };
  }
}
