// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.svg;

/**
 * A straight arrow.
 *
 * @param tail the start
 * @param tip the end, with the head
 */
public record Arrow(Point tail, Point tip) {

  private static final double HEAD_LENGTH = 11;
  private static final double HALF_HEAD = 4.5;

  /** Returns the end of the line, which is within the head so that it is not visible at the tip. */
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

  /** Returns the position of a mark after the tail. */
  public Point afterTail() {
    return tail.towards(tip, 9);
  }

  /** Returns the position of a mark before the tip. */
  public Point beforeTip() {
    return tip.towards(tail, HEAD_LENGTH + 6);
  }
}
