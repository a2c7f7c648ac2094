// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.util.function.LongSupplier;

/** A clock that advances on request, and by a microsecond each time it is read. */
final class ManualClock implements LongSupplier {

  private static final long READ_NANOS = 1_000;
  /** A year, so that a sum cannot overflow. */
  private static final long MAX_NANOS = 365L * 24 * 3600 * 1_000_000_000;

  private long now;

  @Override
  public long getAsLong() {
    return now += READ_NANOS;
  }

  long now() {
    return now;
  }

  /** Advances to a time, unless it has passed. */
  void advanceTo(long time) {
    now = Math.max(now, time);
  }

  void advance(long nanos) {
    now += Math.clamp(nanos, 0, MAX_NANOS);
  }
}
