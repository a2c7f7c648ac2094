// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.util.function.LongSupplier;

/** Time that passes when somebody says so, and a little with each look at it. */
final class ManualClock implements LongSupplier {

  private static final long READ_NANOS = 1_000;
  /** A year: whatever sums up cannot overflow. */
  private static final long MAX_NANOS = 365L * 24 * 3600 * 1_000_000_000;

  private long now;

  @Override
  public long getAsLong() {
    return now += READ_NANOS;
  }

  long now() {
    return now;
  }

  /** Lets time pass up to a moment, if that is not over. */
  void advanceTo(long moment) {
    now = Math.max(now, moment);
  }

  void advance(long nanos) {
    now += Math.clamp(nanos, 0, MAX_NANOS);
  }
}
