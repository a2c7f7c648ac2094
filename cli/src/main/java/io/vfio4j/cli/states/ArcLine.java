// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Point;

/**
 * The straight line of the arcs between two states.
 *
 * @param firstOffset the end at the first state, relative to the centre of its box
 * @param secondOffset the end at the second state, likewise
 */
record ArcLine(String first, Point firstOffset, String second, Point secondOffset) {

  static ArcLine of(String one, double x, double y, String other, double otherX, double otherY) {
    return new ArcLine(one, new Point(x, y), other, new Point(otherX, otherY));
  }

  boolean connects(String from, String to) {
    return (first.equals(from) && second.equals(to)) || (first.equals(to) && second.equals(from));
  }
}
