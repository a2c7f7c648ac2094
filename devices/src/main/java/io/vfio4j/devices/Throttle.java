// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.function.LongSupplier;

/** Hands out bytes at a rate. What nobody takes is kept for a tenth of a second. */
final class Throttle {

  private static final double NANOS_PER_SECOND = 1e9;
  private static final int BURSTS_PER_SECOND = 10;

  private final long bytesPerSecond;
  private final LongSupplier nanoTime;
  private long lastSeen;
  private double available;

  Throttle(long bytesPerSecond, LongSupplier nanoTime) {
    this.bytesPerSecond = bytesPerSecond;
    this.nanoTime = nanoTime;
    this.lastSeen = nanoTime.getAsLong();
  }

  /** Returns how many bytes may be taken now. */
  long available() {
    long now = nanoTime.getAsLong();
    available = Math.min(burst(), available + bytesPerSecond * ((now - lastSeen) / NANOS_PER_SECOND));
    lastSeen = now;
    return (long) available;
  }

  /** Waits until so many bytes may be taken, or the most that are kept; returns how many it is. */
  long await(long bytes) {
    long wanted = Math.min(bytes, burst());
    long now;
    while ((now = available()) < wanted && !Thread.currentThread().isInterrupted()) {
      double nanos = Math.ceil((wanted - available) * NANOS_PER_SECOND / bytesPerSecond);
      ScratchFaults.await(nanoTime, lastSeen + (long) nanos);
    }
    return now;
  }

  void took(long bytes) {
    available -= bytes;
  }

  private long burst() {
    return Math.max(1, bytesPerSecond / BURSTS_PER_SECOND);
  }
}
