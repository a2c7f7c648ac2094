// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands still until it is told to go on. Safe for use by several threads. */
public final class ManualClock {

  private final AtomicLong nanos = new AtomicLong();

  /** Makes a clock that shows 0. */
  public ManualClock() {
  }

  /** Returns nanoseconds since the clock was made. */
  public long nanoTime() {
    return nanos.get();
  }

  /**
   * Sets the clock forward.
   *
   * @param by how far, not negative
   */
  public void advance(Duration by) {
    advanceNanos(by.toNanos());
  }

  /**
   * Sets the clock forward.
   *
   * @param by nanoseconds, not negative
   */
  public void advanceNanos(long by) {
    if (by < 0) {
      throw new IllegalArgumentException("time does not go back by " + -by + " ns");
    }
    nanos.addAndGet(by);
  }
}
