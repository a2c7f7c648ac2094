// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import java.util.function.LongSupplier;

/** A clock that a test steers, or that goes on by a step whenever somebody looks at it. */
final class Clock implements LongSupplier {

  static final long MILLI = 1_000_000L;
  static final long SECOND = 1_000_000_000L;

  /** Near the end of what a long holds, where System.nanoTime may well be. */
  private long now = -5 * SECOND;
  private long step;

  @Override
  public long getAsLong() {
    now += step;
    return now;
  }

  long now() {
    return now;
  }

  void advance(long nanos) {
    now += nanos;
  }

  void stepBy(long nanos) {
    step = nanos;
  }
}
