// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.progress;

import io.vfio4j.engine.util.NanoClock;
import java.io.InterruptedIOException;

/** A token bucket, which limits the bytes per second of all threads together. */
public final class BandwidthLimit {

  private static final long NANOS_PER_SECOND = 1_000_000_000;

  /** The longest burst after an idle period, and the longest frame: a twentieth of a second. */
  private static final double BURSTS_PER_SECOND = 20;

  private final NanoClock clock;
  private final long bytesPerSecond;
  private double tokens;
  private long filledAt;

  /** Creates a limit; 0 means no limit. */
  public BandwidthLimit(NanoClock clock, long bytesPerSecond) {
    this.clock = clock;
    this.bytesPerSecond = bytesPerSecond;
    this.tokens = burst();
    this.filledAt = clock.nanoTime();
  }

  /** Returns how many bytes to send at once, at most {@code most}. */
  int chunk(int most) {
    return bytesPerSecond == 0 ? most : (int) Math.min(most, burst());
  }

  /** Waits until the given bytes may be sent. */
  public void acquire(long bytes) throws InterruptedIOException {
    if (bytesPerSecond == 0) {
      return;
    }
    double left = take(bytes);
    if (left < 0) {
      clock.pause((long) (-left * NANOS_PER_SECOND / bytesPerSecond));
    }
  }

  private synchronized double take(long bytes) {
    long now = clock.nanoTime();
    tokens =
        Math.min(burst(), tokens + (now - filledAt) * (double) bytesPerSecond / NANOS_PER_SECOND) - bytes;
    filledAt = now;
    return tokens;
  }

  private double burst() {
    return bytesPerSecond / BURSTS_PER_SECOND;
  }
}
