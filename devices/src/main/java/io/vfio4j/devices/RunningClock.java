// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.function.LongSupplier;

/** A clock in nanoseconds that can be paused. */
final class RunningClock {

  private final LongSupplier nanoTime;
  private long lastOuter;
  private long elapsed;
  private boolean running;

  RunningClock(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.lastOuter = nanoTime.getAsLong();
  }

  /** Returns the time that the clock has run. */
  long now() {
    return runningTimeAt(nanoTime.getAsLong());
  }

  /** Returns the time that the clock has run until a time of the outer clock, which is never taken to go backwards. */
  long runningTimeAt(long outer) {
    long passed = outer - lastOuter;
    if (passed > 0) {
      lastOuter = outer;
      elapsed += running ? passed : 0;
    }
    return elapsed;
  }

  /** Starts or pauses the clock now. */
  void setRunning(boolean on) {
    setRunning(on, nanoTime.getAsLong());
  }

  /** Starts or pauses the clock at a time of the outer clock. */
  void setRunning(boolean on, long outer) {
    runningTimeAt(outer);
    running = on;
  }
}
