// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

/**
 * A stream of writes to a part of a source. What counts is how much of that part they touch in an interval:
 *
 * <ul>
 * <li>in order, around and around: all of their volume, until they have come around;
 * <li>at random, of volume v over a set of W bytes: W (1 - exp(-v / W)) is to be expected, since what is written again
 * counts once.
 * </ul>
 *
 * @param workingSet the size of the part, bytes, more than 0
 * @param order in which order it is written
 * @param rate how much is written
 */
public record WritePattern(long workingSet, Order order, WriteRate rate) {

  /** In which order something is written. */
  public enum Order {
    /** Any place as likely as any other, each time. */
    RANDOM,
    /** One place after the other, from the first again after the last. */
    CYCLIC
  }

  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException if it is not more than 0
   */
  public WritePattern {
    if (workingSet <= 0) {
      throw new IllegalArgumentException("a working set is larger than 0, but this is " + workingSet);
    }
  }

  /** Returns how many bytes are touched in an interval, each counted once; seconds since pre-copy began. */
  double dirtied(double from, double to) {
    double volume = rate.volume(from, to);
    return switch (order) {
      case RANDOM -> -workingSet * Math.expm1(-volume / workingSet);
      case CYCLIC -> Math.min((double) workingSet, volume);
    };
  }
}
