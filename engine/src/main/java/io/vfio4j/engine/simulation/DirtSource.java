// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.List;

/** Something that has to be sent, and is changed meanwhile: a device's state, or a region of memory. */
public sealed interface DirtSource {

  /** What is changed. */
  enum Kind {
    /** A device's internal state. */
    DEVICE,
    /** Memory that devices and their workload write. */
    MEMORY
  }

  /** Returns what it is. */
  Kind kind();

  /** Tells whether it is memory. */
  default boolean isMemory() {
    return kind() == Kind.MEMORY;
  }

  /** Returns how much is sent when it is sent for the first time, bytes, at most {@link #size}. */
  long firstRound();

  /** Returns how much can be dirty at most, bytes. */
  long size();

  /** Returns how much is sent only when everything stands still, bytes. */
  long whenStopped();

  /**
   * Returns how many bytes are dirtied in an interval, each counted once, at most {@link #size}.
   *
   * @param from its beginning, seconds since pre-copy began, not negative
   * @param to its end, not before that
   */
  double dirtied(double from, double to);

  /**
   * A source whose writes are made up.
   *
   * @param kind what it is
   * @param size how much there is, not negative
   * @param whenStopped bytes sent only when everything stands still, not negative
   * @param writes to parts of it that do not overlap
   */
  record MadeUp(Kind kind, long size, long whenStopped, List<Writes> writes) implements DirtSource {

    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if the parts are larger than the whole
     */
    public MadeUp {
      Ranges.requireNotNegative(size, "size");
      Ranges.requireNotNegative(whenStopped, "whenStopped");
      writes = List.copyOf(writes);
      long free = size;
      for (Writes some : writes) {
        free -= some.workingSet();
        if (free < 0) {
          throw new IllegalArgumentException(
              "the working sets are larger together than the %d bytes that hold them".formatted(size));
        }
      }
    }

    @Override
    public long firstRound() {
      return size;
    }

    @Override
    public double dirtied(double from, double to) {
      double sum = 0;
      for (Writes some : writes) {
        sum += some.dirtied(from, to);
      }
      return Math.min((double) size, sum);
    }
  }

  /**
   * A source as it was seen in a real migration.
   *
   * @param kind what it is
   * @param firstRound bytes of the first time, not negative; zeros that were left out are not among them
   * @param size how much can be dirty at most, not less than that
   * @param whenStopped bytes sent only when everything stands still, not negative
   * @param curve how much was dirtied in intervals of a length
   */
  record Recorded(Kind kind, long firstRound, long size, long whenStopped,
      DirtyCurve curve) implements DirtSource {

    /** Checks the sizes. */
    public Recorded {
      Ranges.requireNotNegative(firstRound, "firstRound");
      Ranges.requireNotNegative(size - firstRound, "what there is besides the first round");
      Ranges.requireNotNegative(whenStopped, "whenStopped");
    }

    @Override
    public double dirtied(double from, double to) {
      return Math.min((double) size, curve.dirtied(to - from));
    }
  }
}
