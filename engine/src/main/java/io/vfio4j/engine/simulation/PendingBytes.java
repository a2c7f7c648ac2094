// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.List;

/** The pending bytes of each source. */
final class PendingBytes {

  private static final double MAX = 1L << 60;

  private final List<DirtySource> sources;
  private final double[] bytes;
  private final boolean devicesDeferred;

  private PendingBytes(List<DirtySource> sources, double[] bytes, boolean devicesWait) {
    this.sources = sources;
    this.bytes = bytes;
    this.devicesDeferred = devicesWait;
  }

  /**
   * Returns the initial state, in which everything is pending. If there is memory, devices wait for the
   * second round.
   *
   * @throws IllegalArgumentException if it is so much that sums could overflow
   */
  static PendingBytes initial(List<DirtySource> sources) {
    if (sources.stream().mapToDouble(source -> (double) source.size() + source.stopCopyBytes()).sum() > MAX) {
      throw new IllegalArgumentException("more than 1 EiB to send");
    }
    return new PendingBytes(sources, sources.stream().mapToDouble(DirtySource::firstRoundBytes).toArray(),
        sources.stream().anyMatch(DirtySource::isMemory));
  }

  /** Returns whether this round neither sends nor tracks devices. */
  boolean devicesDeferred() {
    return devicesDeferred;
  }

  /** Returns the same for the next round, in which devices take part. */
  PendingBytes forNextRound() {
    return new PendingBytes(sources, bytes, false);
  }

  /** Returns all pending bytes, except those sent only during the downtime. */
  double total() {
    return of(DirtySource.Kind.DEVICE) + of(DirtySource.Kind.MEMORY);
  }

  /** Returns the bytes of a kind that this round sends. */
  double toSend(DirtySource.Kind kind) {
    return kind == DirtySource.Kind.DEVICE && devicesDeferred ? 0 : of(kind);
  }

  /** Returns the bytes that this round sends. */
  double toSend() {
    return toSend(DirtySource.Kind.DEVICE) + toSend(DirtySource.Kind.MEMORY);
  }

  private double of(DirtySource.Kind kind) {
    double sum = 0;
    for (int i = 0; i < bytes.length; i++) {
      sum += sources.get(i).kind() == kind ? bytes[i] : 0;
    }
    return sum;
  }

  /**
   * Returns the pending bytes at a later time: the unsent ones, and those dirtied since. Bytes that are both
   * count once; the two sets are assumed to be independent.
   *
   * @param unsent the unsent fraction of what this round sends, 0 to 1
   * @param from start of the interval, seconds since pre-copy began
   * @param to its end
   */
  PendingBytes after(double unsent, double from, double to) {
    double[] then = new double[bytes.length];
    for (int i = 0; i < then.length; i++) {
      DirtySource source = sources.get(i);
      if (devicesDeferred && !source.isMemory()) {
        then[i] = bytes[i];
        continue;
      }
      double old = bytes[i] * unsent;
      double dirtied = source.dirtied(from, to);
      then[i] = source.size() == 0 ? 0 : old + dirtied - old * dirtied / source.size();
    }
    return new PendingBytes(sources, then, devicesDeferred);
  }

  /** Returns the rate at which sources of a kind are dirtied in an interval, bytes per second. */
  double dirtiedPerSecond(DirtySource.Kind kind, double from, double to) {
    double sum = 0;
    for (DirtySource source : sources) {
      boolean follows = source.kind() == kind && !(devicesDeferred && !source.isMemory());
      sum += follows ? source.dirtied(from, to) : 0;
    }
    return to > from ? sum / (to - from) : 0;
  }

  long stopCopyBytes(DirtySource.Kind kind) {
    return sources.stream().filter(source -> source.kind() == kind).mapToLong(DirtySource::stopCopyBytes)
        .sum();
  }

  long stopCopyBytes() {
    return sources.stream().mapToLong(DirtySource::stopCopyBytes).sum();
  }

  /** Returns the bytes of a kind that a switchover would send, rounded to whole bytes. */
  long left(DirtySource.Kind kind) {
    return Math.round(of(kind)) + stopCopyBytes(kind);
  }
}
