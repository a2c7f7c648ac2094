// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.svg.Point;

/**
 * Where the arcs between two states run, in a straight line.
 *
 * @param oneAt where it ends at the one, counted from the centre of its box
 * @param otherAt where it ends at the other, likewise
 */
record Link(String one, Point oneAt, String other, Point otherAt) {

  static Link of(String one, double x, double y, String other, double otherX, double otherY) {
    return new Link(one, new Point(x, y), other, new Point(otherX, otherY));
  }

  boolean joins(String from, String to) {
    return (one.equals(from) && other.equals(to)) || (one.equals(to) && other.equals(from));
  }
}
