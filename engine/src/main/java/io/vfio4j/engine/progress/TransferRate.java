// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import java.time.Duration;

/**
 * The rate at which bytes are sent and loaded. A small amount is not a measurement of it, because its time is
 * that of calls and messages; small amounts count once they add up to {@value #BULK_BYTES} bytes.
 *
 * @param bytes bytes that count, not negative
 * @param nanos their time, not negative
 * @param sampleBytes bytes that do not count yet, not negative
 * @param sampleNanos their time, not negative
 */
public record TransferRate(long bytes, long nanos, long sampleBytes, long sampleNanos) {

  /** Nothing has been measured. */
  public static final TransferRate UNMEASURED = new TransferRate(0, 0, 0, 0);

  /** Fewer bytes do not give a rate. */
  static final long BULK_BYTES = 64 << 10;

  /** The rate assumed without a measurement, bytes per second: gigabit Ethernet. */
  static final double ASSUMED = 120e6;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Returns the rate including a further transfer. */
  public TransferRate plus(long sent, long took) {
    long few = sampleBytes + sent;
    long fewTook = sampleNanos + took;
    return few < BULK_BYTES
        ? new TransferRate(bytes, nanos, few, fewTook)
        : new TransferRate(bytes + few, nanos + fewTook, 0, 0);
  }

  /** Returns the bytes per second of everything sent, however little; 0 if it took no time. */
  public double bytesPerSecond() {
    long took = nanos + sampleNanos;
    return took == 0 ? 0 : (bytes + sampleBytes) * NANOS_PER_SECOND / took;
  }

  /** Returns the time for the given bytes at the measured rate, or else at {@link #ASSUMED}. */
  Duration timeFor(long toSend) {
    return time(toSend, nanos > 0 || sampleNanos == 0 ? bulkOrAssumed() : bytesPerSecond());
  }

  /**
   * Returns the time for bytes that may not exist. A rate from a small sample is not applied to them, because
   * then a device that reports no sizes could never migrate.
   */
  Duration timeForAssumed(long toSend) {
    return time(toSend, bulkOrAssumed());
  }

  private double bulkOrAssumed() {
    return nanos > 0 ? bytes * NANOS_PER_SECOND / nanos : ASSUMED;
  }

  /** Returns whether only small amounts have been measured. */
  boolean isSmallSample() {
    return nanos == 0 && sampleNanos > 0;
  }

  private static Duration time(long toSend, double rate) {
    return Duration.ofNanos((long) (toSend / rate * NANOS_PER_SECOND));
  }
}
