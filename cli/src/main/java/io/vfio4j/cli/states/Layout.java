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
 * @param links where arcs run; other arcs are not drawn but told in words
 * @param saving the upper left corner of the saving group
 * @param savingEnd its lower right corner
 */
record Layout(double width, double height, Map<String, Box> boxes, List<Link> links, Point saving,
    Point savingEnd) {

  /** Half of the distance between the arcs there and back. */
  private static final double HALF_LANE = 6.5;

  /** How far a line is drawn on into the boxes before it is cut at their borders. */
  private static final double INTO_BOX = 12;

  static Layout of(int version) {
    return version == 1 ? LayoutV1.LAYOUT : LayoutV2.LAYOUT;
  }

  Box box(String state) {
    Box box = boxes.get(state);
    if (box == null) {
      throw new IllegalArgumentException("no place for " + state);
    }
    return box;
  }

  /** Returns where an arc runs; empty where there is no room for it. */
  Optional<Arrow> arrow(ShownArc arc, boolean hasWayBack) {
    return links.stream().filter(link -> link.joins(arc.from(), arc.to())).findFirst()
        .map(link -> arrow(arc, link, hasWayBack ? HALF_LANE : 0));
  }

  /** Moved to the right-hand side, seen in its direction: so the arcs there and back are apart. */
  private Arrow arrow(ShownArc arc, Link link, double lane) {
    boolean forward = link.one().equals(arc.from());
    Point from = at(arc.from(), forward ? link.oneAt() : link.otherAt());
    Point to = at(arc.to(), forward ? link.otherAt() : link.oneAt());
    double length = Math.hypot(to.x() - from.x(), to.y() - from.y());
    double dx = -(to.y() - from.y()) / length * lane;
    double dy = (to.x() - from.x()) / length * lane;
    Point start = from.towards(to, -INTO_BOX).plus(dx, dy);
    Point end = to.towards(from, -INTO_BOX).plus(dx, dy);
    return new Arrow(box(arc.from()).meets(end, start), box(arc.to()).meets(start, end));
  }

  private Point at(String state, Point port) {
    return box(state).centre().plus(port.x(), port.y());
  }
}
