// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.svg;

/**
 * A point of a drawing.
 *
 * @param x pixels from the left
 * @param y pixels from the top
 */
public record Point(double x, double y) {

  /** Returns the point at an offset to the right and down. */
  public Point plus(double dx, double dy) {
    return new Point(x + dx, y + dy);
  }

  /** Returns the point at a distance from this one in the direction of another. */
  public Point towards(Point other, double distance) {
    double length = Math.hypot(other.x - x, other.y - y);
    return plus((other.x - x) / length * distance, (other.y - y) / length * distance);
  }
}
