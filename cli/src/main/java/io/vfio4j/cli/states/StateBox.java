// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Point;

/** The box of a state in a diagram. */
record StateBox(Point centre) {

  static final double WIDTH = 200;
  static final double HEIGHT = 64;

  double left() {
    return centre.x() - WIDTH / 2;
  }

  double top() {
    return centre.y() - HEIGHT / 2;
  }

  /**
   * Returns the intersection of a line with the border of the box.
   *
   * @param from a point outside
   * @param to a point inside
   */
  Point borderPoint(Point from, Point to) {
    double across = share(from.x(), to.x(), left(), left() + WIDTH);
    double down = share(from.y(), to.y(), top(), top() + HEIGHT);
    double share = Math.max(across, down);
    return from.plus((to.x() - from.x()) * share, (to.y() - from.y()) * share);
  }

  /** Returns the part of the line after which a coordinate is between two limits; 0 if it always is. */
  private static double share(double from, double to, double low, double high) {
    if (from < low) {
      return (low - from) / (to - from);
    }
    return from > high ? (from - high) / (from - to) : 0;
  }
}
