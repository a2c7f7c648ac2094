// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

import java.util.List;

/** What of each source is to be sent, bytes. */
final class Backlog {

  private final List<DirtSource> sources;
  private final double[] bytes;

  private Backlog(List<DirtSource> sources, double[] bytes) {
    this.sources = sources;
    this.bytes = bytes;
  }

  /** Returns what the first round sends: everything. */
  static Backlog everything(List<DirtSource> sources) {
    return new Backlog(sources, sources.stream().mapToDouble(DirtSource::firstRound).toArray());
  }

  /** Returns what there is in all, without what is sent only when everything stands still. */
  double total() {
    double sum = 0;
    for (double some : bytes) {
      sum += some;
    }
    return sum;
  }

  double of(DirtSource.Kind kind) {
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
   * @param unsent how much of this has not been sent, 0 to 1
   * @param from the beginning of the interval, seconds since pre-copy began
   * @param to its end
   */
  Backlog later(double unsent, double from, double to) {
    double[] then = new double[bytes.length];
    for (int i = 0; i < then.length; i++) {
      DirtSource source = sources.get(i);
      double old = bytes[i] * unsent;
      double dirtied = source.dirtied(from, to);
      then[i] = source.size() == 0 ? 0 : old + dirtied - old * dirtied / source.size();
    }
    return new Backlog(sources, then);
  }

  /** Returns how fast sources of a kind are dirtied in an interval, bytes a second. */
  double dirtiedPerSecond(DirtSource.Kind kind, double from, double to) {
    double sum = 0;
    for (DirtSource source : sources) {
      sum += source.kind() == kind ? source.dirtied(from, to) : 0;
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
