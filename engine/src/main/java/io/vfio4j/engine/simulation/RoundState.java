// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

/**
 * A round: sends what was pending at its start, while more is dirtied.
 *
 * @param backlog what was pending
 * @param began its start, seconds since pre-copy began
 * @param from when sending starts
 * @param end when everything is sent, or the end of a pause
 * @param link the rate of the link
 */
record RoundState(PendingBytes backlog, double began, double from, double end, LinkRate link) {

  /** Less than a byte counts as nothing. */
  private static final double NOTHING = 1;

  /** Starts a round, which is a pause if nothing is pending. */
  static RoundState begin(PendingBytes backlog, double now, double perRound, double pause, LinkRate link) {
    double from = now + perRound;
    double total = backlog.toSend();
    double end = total < NOTHING ? from + pause : from + link.secondsFor(total, from);
    return new RoundState(backlog, now, from, end, link);
  }

  boolean isPause() {
    return backlog.toSend() < NOTHING;
  }

  /** Returns the bytes sent by then. */
  double sentBy(double time) {
    if (time >= end) {
      return backlog.toSend();
    }
    return isPause() || time <= from ? 0 : Math.min(backlog.toSend(), link.bytesIn(from, time));
  }

  /** Returns the seconds spent sending by then. */
  double sendingBy(double time) {
    return isPause() ? 0 : Math.max(0, Math.min(time, end) - from);
  }

  /** Returns the fraction of the bytes of a kind that is sent by then. */
  double sentBy(double time, DirtySource.Kind kind) {
    return isPause() ? 0 : sentBy(time) * backlog.toSend(kind) / backlog.toSend();
  }

  /** Returns what is pending then. */
  PendingBytes leftAt(double time) {
    double unsent = isPause() ? 0 : 1 - sentBy(time) / backlog.toSend();
    return backlog.after(unsent, began, time);
  }
}
