// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.simulation;

/**
 * A round: sends what there was at its beginning, while more is dirtied.
 *
 * @param backlog what there was
 * @param began seconds since pre-copy began
 * @param from when sending begins
 * @param end when everything has been sent; for a pause, when that is over
 * @param link how fast bytes can be sent
 */
record RoundState(PendingBytes backlog, double began, double from, double end, LinkRate link) {

  /** Less than a byte is nothing. */
  private static final double NOTHING = 1;

  /** Begins a round, which is a pause if there is nothing to send. */
  static RoundState begin(PendingBytes backlog, double now, double perRound, double pause, LinkRate link) {
    double from = now + perRound;
    double total = backlog.toSend();
    double end = total < NOTHING ? from + pause : from + link.secondsFor(total, from);
    return new RoundState(backlog, now, from, end, link);
  }

  boolean isPause() {
    return backlog.toSend() < NOTHING;
  }

  /** Returns the bytes sent in it until then. */
  double sentBy(double time) {
    if (time >= end) {
      return backlog.toSend();
    }
    return isPause() || time <= from ? 0 : Math.min(backlog.toSend(), link.bytesIn(from, time));
  }

  /** Returns the seconds in which it was sending until then. */
  double sendingBy(double time) {
    return isPause() ? 0 : Math.max(0, Math.min(time, end) - from);
  }

  /** Returns the part of the bytes of a kind that was sent until then. */
  double sentBy(double time, DirtySource.Kind kind) {
    return isPause() ? 0 : sentBy(time) * backlog.toSend(kind) / backlog.toSend();
  }

  /** Returns what there is to be sent then. */
  PendingBytes leftAt(double time) {
    double unsent = isPause() ? 0 : 1 - sentBy(time) / backlog.toSend();
    return backlog.after(unsent, began, time);
  }
}
