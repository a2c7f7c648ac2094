// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Arrow;
import io.vfio4j.cli.svg.Point;
import io.vfio4j.cli.svg.Svg;
import java.util.ArrayList;
import java.util.List;

/** The legend below a diagram. */
record SvgLegend(StateGraph graph, List<ArcView> undrawn) {

  private static final double ROW = 26;
  private static final double COLUMN = 300;
  private static final double SAMPLE = 46;
  private static final int ROWS = 4;
  private static final int UNDRAWN_IN_LINE = 4;

  double height() {
    return ROW * (ROWS + notes().size()) + 8;
  }

  void draw(Svg svg, Point corner) {
    List<ArcRequirement> requirements = graph.requirements();
    for (int i = 0; i < requirements.size(); i++) {
      Point at = corner.plus(0, i * ROW);
      svg.arrow(requirements.get(i).styleClass(), new Arrow(at, at.plus(SAMPLE, 0)));
      svg.text("note", at.plus(SAMPLE + 12, 4), "arc: " + requirements.get(i).description());
    }
    Point middle = corner.plus(COLUMN, 0);
    sample(svg, middle, "running", "the device runs");
    sample(svg, middle.plus(0, ROW), "still", "the device is stopped");
    sample(svg, middle.plus(0, 2 * ROW), "running initial", "initial state");
    Point right = corner.plus(2 * COLUMN, 0);
    svg.circle("opens", right.plus(SAMPLE / 2, 0), 4.5);
    svg.text("note", right.plus(SAMPLE + 12, 4), "opens a data session");
    svg.circle("ends", right.plus(SAMPLE / 2, ROW), 3.5);
    svg.text("note", right.plus(SAMPLE + 12, ROW + 4), "ends the data session");
    svg.arrow("reset", new Arrow(right.plus(0, 2 * ROW), right.plus(SAMPLE, 2 * ROW)));
    svg.text("note", right.plus(SAMPLE + 12, 2 * ROW + 4), "reset, from any state");
    List<String> notes = notes();
    for (int i = 0; i < notes.size(); i++) {
      svg.text("note", corner.plus(0, (ROWS + i) * ROW + 4), notes.get(i));
    }
  }

  private static void sample(Svg svg, Point at, String kind, String text) {
    svg.rect("box " + kind, at.plus(6, -8), SAMPLE - 12, 16, 5);
    svg.text("note", at.plus(SAMPLE + 12, 4), text);
  }

  /** Lists the arcs that are not drawn, which the protocol's text does not name. */
  private List<String> notes() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < undrawn.size(); i += UNDRAWN_IN_LINE) {
      List<ArcView> some = undrawn.subList(i, Math.min(i + UNDRAWN_IN_LINE, undrawn.size()));
      lines.add((i == 0 ? "Also: " : "") + String.join(", ", some.stream().map(ArcView::toString).toList()));
    }
    return lines;
  }
}
