// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Arrow;
import io.vfio4j.cli.svg.Point;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where everything is in a diagram: the same places whatever a device has, so that diagrams can be compared.
 *
 * @param boxes of the states, by name
 * @param lines where arcs run; other arcs are not drawn but told in words
 * @param saving the upper left corner of the saving group
 * @param savingEnd its lower right corner
 */
record DiagramLayout(double width, double height, Map<String, StateBox> boxes, List<ArcLine> lines,
    Point saving,
    Point savingEnd) {

  /** Half of the distance between the arcs there and back. */
  private static final double HALF_LANE = 6.5;

  /** How far a line is drawn on into the boxes before it is cut at their borders. */
  private static final double INTO_BOX = 12;

  static DiagramLayout of(int version) {
    return version == 1 ? DiagramLayoutV1.LAYOUT : DiagramLayoutV2.LAYOUT;
  }

  StateBox box(String state) {
    StateBox box = boxes.get(state);
    if (box == null) {
      throw new IllegalArgumentException("no place for " + state);
    }
    return box;
  }

  /** Returns where an arc runs; empty where there is no room for it. */
  Optional<Arrow> arrow(ArcView arc, boolean hasWayBack) {
    return lines.stream().filter(link -> link.connects(arc.from(), arc.to())).findFirst()
        .map(link -> arrow(arc, link, hasWayBack ? HALF_LANE : 0));
  }

  /** Moved to the right-hand side, seen in its direction: so the arcs there and back are apart. */
  private Arrow arrow(ArcView arc, ArcLine link, double lane) {
    boolean forward = link.first().equals(arc.from());
    Point from = at(arc.from(), forward ? link.firstOffset() : link.secondOffset());
    Point to = at(arc.to(), forward ? link.secondOffset() : link.firstOffset());
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
