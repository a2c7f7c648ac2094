// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that advances only when told to. Safe for use by several threads. */
public final class ManualClock {

  private final AtomicLong nanos = new AtomicLong();

  /** Creates a clock that reads 0. */
  public ManualClock() {
  }

  /** Returns the nanoseconds by which the clock has been advanced. */
  public long nanoTime() {
    return nanos.get();
  }

  /**
   * Advances the clock.
   *
   * @param by a duration that is not negative
   */
  public void advance(Duration by) {
    advanceNanos(by.toNanos());
  }

  /**
   * Advances the clock.
   *
   * @param by nanoseconds, not negative
   */
  public void advanceNanos(long by) {
    if (by < 0) {
      throw new IllegalArgumentException("the clock cannot go back by " + -by + " ns");
    }
    nanos.addAndGet(by);
  }
}
