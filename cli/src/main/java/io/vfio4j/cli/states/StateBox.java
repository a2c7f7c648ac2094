// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Point;

/** Where a state is drawn. */
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
   * Returns where a line that comes from outside meets the box.
   *
   * @param from outside
   * @param to inside
   */
  Point borderPoint(Point from, Point to) {
    double across = share(from.x(), to.x(), left(), left() + WIDTH);
    double down = share(from.y(), to.y(), top(), top() + HEIGHT);
    double share = Math.max(across, down);
    return from.plus((to.x() - from.x()) * share, (to.y() - from.y()) * share);
  }

  /** Returns the part of the way after which one coordinate is between two limits; 0 if it always is. */
  private static double share(double from, double to, double low, double high) {
    if (from < low) {
      return (low - from) / (to - from);
    }
    return from > high ? (from - high) / (from - to) : 0;
  }
}
