// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.svg.Point;
import io.vfio4j.cli.svg.Svg;
import io.vfio4j.cli.svg.Ticks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Draws lanes over an interval of time. */
final class TimelineChart {

  private static final double WIDTH = 960;
  private static final double LEFT = 170;
  private static final double RIGHT = 950;
  private static final double TOP = 26;
  private static final double ROW = 28;
  private static final double BAR = 20;
  private static final double LETTER_WIDTH = 6.6;
  private static final double GRAPH = 96;
  private static final int LABEL = 24;
  private static final int TICKS = 7;

  /** A tick closer to the right edge has no label, which would be cut off. */
  private static final double LAST_TICK = 24;

  private static final double MIN_WIDTH = 1;

  private final Duration begin;
  private final Duration end;
  private final List<Lane> lanes;
  private final List<MigrationTimeline.RoundEnd> rounds;
  private final Svg svg = new Svg();

  /** Creates a chart. If there are rounds, a graph below the lanes shows the bytes remaining after each. */
  TimelineChart(Duration begin, Duration end, List<Lane> lanes, List<MigrationTimeline.RoundEnd> rounds) {
    this.begin = begin;
    this.end = end.compareTo(begin) > 0 ? end : begin.plusNanos(1);
    this.lanes = lanes;
    this.rounds = rounds;
  }

  /** Returns the chart as SVG, with an interval marked from top to bottom. */
  String text(String title, Duration markFrom, Duration markTo) {
    double lanesEnd = TOP + ROW * lanes.size();
    double height = lanesEnd + (rounds.isEmpty() ? 4 : GRAPH);
    if (markTo.compareTo(markFrom) > 0) {
      svg.rect("mark", new Point(x(markFrom), TOP), Math.max(MIN_WIDTH, x(markTo) - x(markFrom)),
          height - TOP,
          0);
    }
    axis(begin.isZero() ? begin : markFrom, height);
    for (int i = 0; i < lanes.size(); i++) {
      lane(lanes.get(i), TOP + i * ROW);
    }
    if (!rounds.isEmpty()) {
      graph(lanesEnd + 20, height - 8);
    }
    return "<svg class=\"timeline\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>%s</title>\n%s</svg>\n"
        .formatted(WIDTH, height, Svg.escape(title), svg);
  }

  private double x(Duration at) {
    double part = (double) at.minus(begin).toNanos() / end.minus(begin).toNanos();
    return LEFT + (RIGHT - LEFT) * Math.clamp(part, 0, 1);
  }

  /** Draws the axis, whose origin is the beginning of the marked interval or of the migration. */
  private void axis(Duration origin, double height) {
    double seconds = end.minus(origin).toNanos() / 1e9;
    for (double tick : Ticks.upTo(seconds, TICKS)) {
      Duration after = Duration.ofNanos(Math.round(tick * 1e9));
      double x = x(origin.plus(after));
      svg.line("grid", new Point(x, TOP), new Point(x, height));
      if (x < RIGHT - LAST_TICK) {
        svg.text("tick", new Point(x, TOP - 8), after.isZero() ? "0" : Quantities.time(after));
      }
    }
  }

  private void lane(Lane lane, double top) {
    svg.raw("  <g><title>%s</title>\n".formatted(Svg.escape(lane.label())));
    svg.text("label", new Point(LEFT - 10, top + 18), shortened(lane.label()));
    svg.raw("  </g>\n");
    for (Lane.Bar bar : lane.bars()) {
      if (bar.to().compareTo(begin) >= 0 && bar.from().compareTo(end) <= 0) {
        bar(bar, top + (ROW - BAR) / 2);
      }
    }
  }

  private void bar(Lane.Bar bar, double top) {
    double x = x(bar.from());
    double width = Math.max(MIN_WIDTH, x(bar.to()) - x);
    String tooltip = "%s, %s%s".formatted(bar.text(), Quantities.time(bar.to().minus(bar.from())),
        bar.hint().isEmpty() ? "" : ": " + bar.hint());
    svg.raw("  <g><title>%s</title>\n".formatted(Svg.escape(bar.text().isEmpty() ? bar.hint() : tooltip)));
    svg.rect("bar " + bar.style(), new Point(x, top), width, BAR, Math.min(3, width / 2));
    if (!bar.text().isEmpty() && bar.text().length() * LETTER_WIDTH + 8 <= width) {
      svg.text("in", new Point(x + width / 2, top + 14), bar.text());
    }
    svg.raw("  </g>\n");
  }

  /** Returns the end of an address, which identifies it better than its beginning. */
  private static String shortened(String label) {
    return label.length() <= LABEL ? label : "\u2026" + label.substring(label.length() - LABEL + 1);
  }

  private void graph(double top, double bottom) {
    double most = rounds.stream().mapToDouble(end -> (double) end.round().bytesLeft()).max().orElse(0);
    svg.text("label", new Point(LEFT - 10, top + 4), "left after a round");
    svg.text("label quiet", new Point(LEFT - 10, top + 20), "max. " + Quantities.bytes((long) most));
    svg.line("grid", new Point(LEFT, bottom), new Point(RIGHT, bottom));
    List<Point> corners = new ArrayList<>();
    for (MigrationTimeline.RoundEnd round : rounds) {
      double share = most > 0 ? round.round().bytesLeft() / most : 0;
      corners.add(new Point(x(round.at()), bottom - (bottom - top) * share));
    }
    svg.polyline("left", corners);
    for (int i = 0; i < corners.size(); i++) {
      svg.raw("  <g><title>round %d: %s left</title>\n".formatted(rounds.get(i).round().number(),
          Quantities.bytes(rounds.get(i).round().bytesLeft())));
      svg.circle("dot", corners.get(i), 3);
      svg.raw("  </g>\n");
    }
  }
}
