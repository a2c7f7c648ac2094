// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

/** A point of a drawing, in pixels, y downwards. */
record Point(double x, double y) {

  Point plus(double dx, double dy) {
    return new Point(x + dx, y + dy);
  }

  /** Returns the point at a distance from this one in the direction of another. */
  Point towards(Point other, double distance) {
    double length = Math.hypot(other.x - x, other.y - y);
    return plus((other.x - x) / length * distance, (other.y - y) / length * distance);
  }
}
