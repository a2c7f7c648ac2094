// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.function.LongSupplier;

/** A manual clock, which can also advance by a step on each reading. */
public final class TestClock implements LongSupplier {

  public static final long MILLI = 1_000_000L;
  public static final long SECOND = 1_000_000_000L;

  /** Near the maximum of a long, which System.nanoTime may reach. */
  private long now = -5 * SECOND;
  private long step;

  /** Creates a stopped clock. */
  public TestClock() {
    // Defaults.
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

  /** Advances the clock. */
  public void advance(long nanos) {
    now += nanos;
  }

  /** Makes the clock advance on each reading. */
  public void stepBy(long nanos) {
    step = nanos;
  }
}
