// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import java.util.function.LongSupplier;

/** A token bucket: allows a number of bytes per second, and bursts of up to a tenth of a second. */
final class Throttle {

  private static final double NANOS_PER_SECOND = 1e9;
  private static final int BURSTS_PER_SECOND = 10;

  private final double bytesPerSecond;
  private final LongSupplier nanoTime;
  private long lastUpdate;
  private double available;

  Throttle(long bytesPerSecond, LongSupplier nanoTime) {
    this.bytesPerSecond = bytesPerSecond;
    this.nanoTime = nanoTime;
    this.lastUpdate = nanoTime.getAsLong();
  }

  /** Returns how many bytes are available now. */
  long available() {
    long now = nanoTime.getAsLong();
    available =
        Math.min((double) burst(), available + bytesPerSecond * ((now - lastUpdate) / NANOS_PER_SECOND));
    lastUpdate = now;
    return (long) available;
  }

  /**
   * Waits until a number of bytes, or the maximum burst, is available, and returns how many. If the thread is interrupted,
   * all are available at once, since a read that returns nothing would mean the end of the state.
   */
  long await(long bytes) {
    long wanted = Math.min(bytes, burst());
    long now = available();
    while (now < wanted) {
      if (Thread.currentThread().isInterrupted()) {
        return bytes;
      }
      double nanos = Math.ceil((wanted - available) * NANOS_PER_SECOND / bytesPerSecond);
      FaultInjector.await(nanoTime, lastUpdate + (long) nanos);
      now = available();
    }
    return now;
  }

  void consume(long bytes) {
    available -= bytes;
  }

  private long burst() {
    return Math.max(1, (long) (bytesPerSecond / BURSTS_PER_SECOND));
  }
}
