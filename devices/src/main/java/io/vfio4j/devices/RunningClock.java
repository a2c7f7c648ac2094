// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.function.LongSupplier;

/**
 * Measures time in nanoseconds, but only while it is let run; time that passes otherwise never happened to
 * it.
 */
final class RunningClock {

  private final LongSupplier nanoTime;
  private long lastOuter;
  private long elapsed;
  private boolean running;

  RunningClock(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.lastOuter = nanoTime.getAsLong();
  }

  /** Returns the time that it ran. */
  long now() {
    return runningTimeAt(nanoTime.getAsLong());
  }

  /**
   * Returns the time that it ran until a time of the outer clock; one before the last seen counts as that.
   */
  long runningTimeAt(long outer) {
    long passed = outer - lastOuter;
    if (passed > 0) {
      lastOuter = outer;
      elapsed += running ? passed : 0;
    }
    return elapsed;
  }

  /** Lets it run, or halts it, from now on. */
  void setRunning(boolean on) {
    setRunning(on, nanoTime.getAsLong());
  }

  /** Lets it run, or halts it, from a time of the outer clock on. */
  void setRunning(boolean on, long outer) {
    runningTimeAt(outer);
    running = on;
  }
}
