// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * The longest time between two completed operations of a driver, which is the pause that it saw. One thread reports
 * operations, any thread takes the result.
 */
final class LongestGap {

  private final LongSupplier nanoTime;
  private long last;
  private long longest;
  private long operations;

  /**
   * Creates a measurement that begins now.
   *
   * @param nanoTime the clock in nanoseconds
   */
  LongestGap(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.last = nanoTime.getAsLong();
  }

  /** Called after each operation. */
  synchronized void onCompleted() {
    long now = nanoTime.getAsLong();
    longest = Math.max(longest, now - last);
    last = now;
    operations++;
  }

  /** Returns the longest gap since the last call, between operations that have completed. */
  synchronized Duration take() {
    Duration taken = Duration.ofNanos(longest);
    longest = 0;
    return taken;
  }

  /** Returns the number of operations so far. */
  synchronized long operations() {
    return operations;
  }
}
