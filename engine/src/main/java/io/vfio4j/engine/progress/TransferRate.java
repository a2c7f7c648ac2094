// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import java.time.Duration;

/**
 * How fast bytes are sent and loaded, as far as it has been measured. A few bytes are no measure of it: what they take is
 * the calls and messages. They count once there are {@value #BULK_BYTES} of them together.
 *
 * @param bytes bytes that count, not negative
 * @param nanos how long these took, not negative
 * @param sampleBytes bytes that do not count yet, not negative
 * @param sampleNanos how long these took, not negative
 */
public record TransferRate(long bytes, long nanos, long sampleBytes, long sampleNanos) {

  /** Nothing has been measured. */
  public static final TransferRate UNMEASURED = new TransferRate(0, 0, 0, 0);

  /** Fewer bytes than these do not tell a rate. */
  static final long BULK_BYTES = 64 << 10;

  /** What is assumed as long as nothing is measured, bytes a second: a link of a gigabit. */
  static final double ASSUMED = 120e6;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Returns the rate with what was sent since. */
  public TransferRate plus(long sent, long took) {
    long few = sampleBytes + sent;
    long fewTook = sampleNanos + took;
    return few < BULK_BYTES
        ? new TransferRate(bytes, nanos, few, fewTook)
        : new TransferRate(bytes + few, nanos + fewTook, 0, 0);
  }

  /** Returns bytes a second over all that was sent, however few; 0 where that took no time. */
  public double bytesPerSecond() {
    long took = nanos + sampleNanos;
    return took == 0 ? 0 : (bytes + sampleBytes) * NANOS_PER_SECOND / took;
  }

  /** Returns how long bytes will take at the rate that was measured, or else at {@link #ASSUMED}. */
  Duration timeFor(long toSend) {
    return time(toSend, nanos > 0 || sampleNanos == 0 ? bulkOrAssumed() : bytesPerSecond());
  }

  /**
   * Returns how long bytes will take of which nobody knows whether they are there. A rate that only few bytes tell is not
   * held against them, or a device that tells nothing of its size could never be moved.
   */
  Duration timeForAssumed(long toSend) {
    return time(toSend, bulkOrAssumed());
  }

  private double bulkOrAssumed() {
    return nanos > 0 ? bytes * NANOS_PER_SECOND / nanos : ASSUMED;
  }

  /** Tells whether all that is known is what few bytes took. */
  boolean isSmallSample() {
    return nanos == 0 && sampleNanos > 0;
  }

  private static Duration time(long toSend, double rate) {
    return Duration.ofNanos((long) (toSend / rate * NANOS_PER_SECOND));
  }
}
