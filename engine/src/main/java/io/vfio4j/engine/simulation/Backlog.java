// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.List;

/** What of each source is to be sent, bytes. */
final class Backlog {

  private static final double MOST = 1L << 60;

  private final List<DirtSource> sources;
  private final double[] bytes;
  private final boolean devicesWait;

  private Backlog(List<DirtSource> sources, double[] bytes, boolean devicesWait) {
    this.sources = sources;
    this.bytes = bytes;
    this.devicesWait = devicesWait;
  }

  /**
   * Returns what there is at first: everything. If there is memory, devices wait for their turn.
   *
   * @throws IllegalArgumentException if it is so much that sums of it could overflow
   */
  static Backlog everything(List<DirtSource> sources) {
    if (sources.stream().mapToDouble(source -> (double) source.size() + source.whenStopped()).sum() > MOST) {
      throw new IllegalArgumentException("there is more than 1 EiB to be sent");
    }
    return new Backlog(sources, sources.stream().mapToDouble(DirtSource::firstRound).toArray(),
        sources.stream().anyMatch(DirtSource::isMemory));
  }

  /** Tells whether devices are not sent in this round, nor followed. */
  boolean devicesWait() {
    return devicesWait;
  }

  /** Returns the same for the next round, where no device waits any longer. */
  Backlog forNextRound() {
    return new Backlog(sources, bytes, false);
  }

  /** Returns what there is in all, without what is sent only when everything stands still. */
  double total() {
    return of(DirtSource.Kind.DEVICE) + of(DirtSource.Kind.MEMORY);
  }

  /** Returns how much of a kind this round sends. */
  double toSend(DirtSource.Kind kind) {
    return kind == DirtSource.Kind.DEVICE && devicesWait ? 0 : of(kind);
  }

  /** Returns how much this round sends. */
  double toSend() {
    return toSend(DirtSource.Kind.DEVICE) + toSend(DirtSource.Kind.MEMORY);
  }

  private double of(DirtSource.Kind kind) {
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
  Backlog later(double unsent, double from, double to) {
    double[] then = new double[bytes.length];
    for (int i = 0; i < then.length; i++) {
      DirtSource source = sources.get(i);
      if (devicesWait && !source.isMemory()) {
        then[i] = bytes[i];
        continue;
      }
      double old = bytes[i] * unsent;
      double dirtied = source.dirtied(from, to);
      then[i] = source.size() == 0 ? 0 : old + dirtied - old * dirtied / source.size();
    }
    return new Backlog(sources, then, devicesWait);
  }

  /** Returns how fast sources of a kind are dirtied in an interval, bytes a second. */
  double dirtiedPerSecond(DirtSource.Kind kind, double from, double to) {
    double sum = 0;
    for (DirtSource source : sources) {
      boolean follows = source.kind() == kind && !(devicesWait && !source.isMemory());
      sum += follows ? source.dirtied(from, to) : 0;
    }
    return to > from ? sum / (to - from) : 0;
  }

  long whenStopped(DirtSource.Kind kind) {
    return sources.stream().filter(source -> source.kind() == kind).mapToLong(DirtSource::whenStopped).sum();
  }

  long whenStopped() {
    return sources.stream().mapToLong(DirtSource::whenStopped).sum();
  }

  /** Returns what a switchover would have to send of a kind, whole bytes. */
  long left(DirtSource.Kind kind) {
    return Math.round(of(kind)) + whenStopped(kind);
  }
}
