// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.InterruptedIOException;
import java.util.concurrent.locks.LockSupport;

/** The engine's time, so that tests can steer it. What a transport waits for is not timed by it. */
public interface NanoClock {

  /** The time of the machine. */
  NanoClock SYSTEM = new NanoClock() {
    @Override
    public long nanoTime() {
      return System.nanoTime();
    }

    @Override
    public void pause(long nanos) throws InterruptedIOException {
      long end = System.nanoTime() + nanos;
      for (long left = nanos; left > 0; left = end - System.nanoTime()) {
        LockSupport.parkNanos(this, left);
        Interrupts.check();
      }
    }
  };

  /** Returns nanoseconds since an arbitrary moment. */
  long nanoTime();

  /** Waits. */
  void pause(long nanos) throws InterruptedIOException;
}
