// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import java.nio.ByteBuffer;

/** Raises an interrupt after a time of running. */
final class ScratchTimer {

  private static final long NANOS_PER_MICRO = 1_000;

  private final InterruptLines lines;
  private final RunningClock clock;
  private boolean armed;
  private long deadline;

  /**
   * Makes a timer that is off.
   *
   * @param clock runs while the device runs
   */
  ScratchTimer(InterruptLines lines, RunningClock clock) {
    this.lines = lines;
    this.clock = clock;
  }

  /** Sets the timer to so many microseconds, unsigned, from now on; 0 cancels. */
  void set(long micros) {
    if (micros == 0) {
      armed = false;
    } else {
      boolean fits = Long.compareUnsigned(micros, Long.MAX_VALUE / NANOS_PER_MICRO) <= 0;
      arm(fits ? micros * NANOS_PER_MICRO : Long.MAX_VALUE);
    }
  }

  private void arm(long nanos) {
    long now = clock.now();
    armed = true;
    // A time beyond all clocks is centuries away, and stays so.
    deadline = nanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + nanos;
  }

  /** Raises the interrupt if it is due; times are the clock's. Returns when to call again. */
  long runDue(long now) {
    if (armed && now >= deadline) {
      armed = false;
      lines.raise(ScratchLayout.TIMER_VECTOR);
    }
    return armed ? deadline : Long.MAX_VALUE;
  }

  void reset() {
    armed = false;
  }

  void save(ByteBuffer image) {
    image.putInt(armed ? 1 : 0).putLong(armed ? Math.max(0, deadline - clock.now()) : 0);
  }

  void load(ByteBuffer image) {
    armed = false;
    boolean wasArmed = image.getInt() != 0;
    long left = image.getLong();
    if (wasArmed) {
      arm(Math.max(0, left));
    }
  }
}
