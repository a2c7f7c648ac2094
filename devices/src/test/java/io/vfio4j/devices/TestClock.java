// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.function.LongSupplier;

/** A clock that a test steers, or that goes on by a step whenever somebody looks at it. */
public final class TestClock implements LongSupplier {

  public static final long MILLI = 1_000_000L;
  public static final long SECOND = 1_000_000_000L;

  /** Near the end of what a long holds, where System.nanoTime may well be. */
  private long now = -5 * SECOND;
  private long step;

  /** Makes one that stands still. */
  public TestClock() {
    // Nothing to set.
  }

  @Override
  public long getAsLong() {
    now += step;
    return now;
  }

  /** Returns the time. */
  public long now() {
    return now;
  }

  /** Lets time pass. */
  public void advance(long nanos) {
    now += nanos;
  }

  /** Has time pass whenever somebody looks. */
  public void stepBy(long nanos) {
    step = nanos;
  }
}
