// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.svg;

/**
 * A straight arrow, from border to border.
 *
 * @param tail where it begins
 * @param tip where it points to
 */
public record Arrow(Point tail, Point tip) {

  private static final double HEAD_LENGTH = 11;
  private static final double HALF_HEAD = 4.5;

  /** Returns where the line ends: within the head, so that its end does not show at the tip. */
  Point shaft() {
    return tip.towards(tail, HEAD_LENGTH - 2);
  }

  /** Returns the three corners of the head. */
  Point[] head() {
    Point base = tip.towards(tail, HEAD_LENGTH);
    double dx = (tip.x() - base.x()) / HEAD_LENGTH * HALF_HEAD;
    double dy = (tip.y() - base.y()) / HEAD_LENGTH * HALF_HEAD;
    return new Point[] {tip, base.plus(-dy, dx), base.plus(dy, -dx)};
  }

  /** Returns where to mark that a session ends: as the state is left. */
  public Point afterTail() {
    return tail.towards(tip, 9);
  }

  /** Returns where to mark that a session is opened: as the next state is entered. */
  public Point beforeTip() {
    return tip.towards(tail, HEAD_LENGTH + 6);
  }
}
