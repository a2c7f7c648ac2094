// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.List;

/** Something that has to be sent, and is changed meanwhile: a device's state, or a region of memory. */
public sealed interface DirtySource {

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
  long firstRoundBytes();

  /** Returns how much can be dirty at most, bytes. */
  long size();

  /** Returns how much is sent only when everything stands still, bytes. */
  long stopCopyBytes();

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
   * @param stopCopyBytes bytes sent only when everything stands still, not negative
   * @param writes to parts of it that do not overlap
   */
  record Synthetic(Kind kind, long size, long stopCopyBytes,
      List<WritePattern> writes) implements DirtySource {

    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if the parts are larger than the whole
     */
    public Synthetic {
      Ranges.requireNotNegative(size, "size");
      Ranges.requireNotNegative(stopCopyBytes, "whenStopped");
      writes = List.copyOf(writes);
      long free = size;
      for (WritePattern some : writes) {
        free -= some.workingSet();
        if (free < 0) {
          throw new IllegalArgumentException(
              "the working sets are larger together than the %d bytes that hold them".formatted(size));
        }
      }
    }

    @Override
    public long firstRoundBytes() {
      return size;
    }

    @Override
    public double dirtied(double from, double to) {
      double sum = 0;
      for (WritePattern some : writes) {
        sum += some.dirtied(from, to);
      }
      return Math.min((double) size, sum);
    }
  }

  /**
   * A source as it was seen in a real migration.
   *
   * @param kind what it is
   * @param firstRoundBytes bytes of the first time, not negative; zeros that were left out are not among them
   * @param size how much can be dirty at most, not less than that
   * @param stopCopyBytes bytes sent only when everything stands still, not negative
   * @param curve how much was dirtied in intervals of a length
   */
  record Measured(Kind kind, long firstRoundBytes, long size, long stopCopyBytes,
      DirtyCurve curve) implements DirtySource {

    /** Checks the sizes. */
    public Measured {
      Ranges.requireNotNegative(firstRoundBytes, "firstRound");
      Ranges.requireNotNegative(size - firstRoundBytes, "what there is besides the first round");
      Ranges.requireNotNegative(stopCopyBytes, "whenStopped");
    }

    @Override
    public double dirtied(double from, double to) {
      return Math.min((double) size, curve.dirtied(to - from));
    }
  }
}
