// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Arrow;
import io.vfio4j.cli.svg.Point;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The layout of a diagram, which does not depend on the device, so that diagrams can be compared.
 *
 * @param boxes the boxes of the states, by name
 * @param lines the lines of arcs; other arcs are listed below the diagram
 * @param saving the upper left corner of the saving group
 * @param savingEnd the lower right corner of the saving group
 */
record DiagramLayout(double width, double height, Map<String, StateBox> boxes, List<ArcLine> lines,
    Point saving, Point savingEnd) {

  /** Half of the distance between the two directions of an arc. */
  private static final double HALF_LANE = 6.5;

  /** How far a line extends into the boxes before it is clipped at their borders. */
  private static final double INTO_BOX = 12;

  static DiagramLayout of(int version) {
    return version == 1 ? DiagramLayoutV1.LAYOUT : DiagramLayoutV2.LAYOUT;
  }

  StateBox box(String state) {
    StateBox box = boxes.get(state);
    if (box == null) {
      throw new IllegalArgumentException("no box for " + state);
    }
    return box;
  }

  /** Returns the arrow of an arc; empty if the arc has no line. */
  Optional<Arrow> arrow(ArcView arc, boolean hasReverse) {
    return lines.stream().filter(line -> line.connects(arc.from(), arc.to())).findFirst()
        .map(line -> arrow(arc, line, hasReverse ? HALF_LANE : 0));
  }

  /** Shifts the arrow to the right-hand side of its direction, so that it is apart from its reverse. */
  private Arrow arrow(ArcView arc, ArcLine line, double lane) {
    boolean forward = line.first().equals(arc.from());
    Point from = at(arc.from(), forward ? line.firstOffset() : line.secondOffset());
    Point to = at(arc.to(), forward ? line.secondOffset() : line.firstOffset());
    double length = Math.hypot(to.x() - from.x(), to.y() - from.y());
    double dx = -(to.y() - from.y()) / length * lane;
    double dy = (to.x() - from.x()) / length * lane;
    Point start = from.towards(to, -INTO_BOX).plus(dx, dy);
    Point end = to.towards(from, -INTO_BOX).plus(dx, dy);
    return new Arrow(box(arc.from()).borderPoint(end, start), box(arc.to()).borderPoint(start, end));
  }

  private Point at(String state, Point port) {
    return box(state).centre().plus(port.x(), port.y());
  }
}
