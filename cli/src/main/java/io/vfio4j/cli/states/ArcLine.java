// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Point;

/**
 * Where the arcs between two states run, in a straight line.
 *
 * @param firstOffset where it ends at the one, counted from the centre of its box
 * @param secondOffset where it ends at the other, likewise
 */
record ArcLine(String first, Point firstOffset, String second, Point secondOffset) {

  static ArcLine of(String one, double x, double y, String other, double otherX, double otherY) {
    return new ArcLine(one, new Point(x, y), other, new Point(otherX, otherY));
  }

  boolean connects(String from, String to) {
    return (first.equals(from) && second.equals(to)) || (first.equals(to) && second.equals(from));
  }
}
