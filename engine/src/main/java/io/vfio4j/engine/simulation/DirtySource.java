// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.List;

/** What is sent while it changes: a device's state, or memory. */
public sealed interface DirtySource {

  /** The kind of a source. */
  enum Kind {
    /** A device's internal state. */
    DEVICE,
    /** Memory that devices and their workload write. */
    MEMORY
  }

  /** Returns the kind. */
  Kind kind();

  /** Returns whether it is memory. */
  default boolean isMemory() {
    return kind() == Kind.MEMORY;
  }

  /** Returns the bytes sent the first time, at most {@link #size}. */
  long firstRoundBytes();

  /** Returns the maximum of dirty bytes. */
  long size();

  /** Returns the bytes that are sent only during the downtime. */
  long stopCopyBytes();

  /**
   * Returns the bytes dirtied in an interval, each counted once, at most {@link #size}.
   *
   * @param from its start, seconds since pre-copy began, not negative
   * @param to its end, not before the start
   */
  double dirtied(double from, double to);

  /**
   * A source with given write patterns.
   *
   * @param kind the kind
   * @param size its size in bytes, not negative
   * @param stopCopyBytes bytes that are sent only during the downtime, not negative
   * @param writes the write patterns, on disjoint parts of it
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
   * A source as measured in a real migration.
   *
   * @param kind the kind
   * @param firstRoundBytes bytes sent the first time, not negative, without omitted zeros
   * @param size the maximum of dirty bytes, at least {@code firstRoundBytes}
   * @param stopCopyBytes bytes that are sent only during the downtime, not negative
   * @param curve the bytes dirtied as a function of the interval
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
