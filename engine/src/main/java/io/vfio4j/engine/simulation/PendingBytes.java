// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.List;

/** What of each source is to be sent, bytes. */
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
   * Returns what there is at first: everything. If there is memory, devices wait for their turn.
   *
   * @throws IllegalArgumentException if it is so much that sums of it could overflow
   */
  static PendingBytes initial(List<DirtySource> sources) {
    if (sources.stream().mapToDouble(source -> (double) source.size() + source.stopCopyBytes()).sum() > MAX) {
      throw new IllegalArgumentException("there is more than 1 EiB to be sent");
    }
    return new PendingBytes(sources, sources.stream().mapToDouble(DirtySource::firstRoundBytes).toArray(),
        sources.stream().anyMatch(DirtySource::isMemory));
  }

  /** Tells whether devices are not sent in this round, nor followed. */
  boolean devicesDeferred() {
    return devicesDeferred;
  }

  /** Returns the same for the next round, where no device waits any longer. */
  PendingBytes forNextRound() {
    return new PendingBytes(sources, bytes, false);
  }

  /** Returns what there is in all, without what is sent only when everything stands still. */
  double total() {
    return of(DirtySource.Kind.DEVICE) + of(DirtySource.Kind.MEMORY);
  }

  /** Returns how much of a kind this round sends. */
  double toSend(DirtySource.Kind kind) {
    return kind == DirtySource.Kind.DEVICE && devicesDeferred ? 0 : of(kind);
  }

  /** Returns how much this round sends. */
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
   * Returns what there is later: what has not been sent, and what was dirtied since. Places that are both count once,
   * and are as frequent as if one had nothing to do with the other.
   *
   * @param unsent how much of what this round sends has not been sent, 0 to 1
   * @param from the beginning of the interval, seconds since pre-copy began
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

  /** Returns how fast sources of a kind are dirtied in an interval, bytes a second. */
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

  /** Returns what a switchover would have to send of a kind, whole bytes. */
  long left(DirtySource.Kind kind) {
    return Math.round(of(kind)) + stopCopyBytes(kind);
  }
}
