// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.InterruptedIOException;
import java.util.concurrent.locks.LockSupport;

/** The engine's clock, which tests replace. Transports do not use it for their timeouts. */
public interface NanoClock {

  /** The system clock. */
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

  /** Returns nanoseconds since an arbitrary origin. */
  long nanoTime();

  /** Waits. */
  void pause(long nanos) throws InterruptedIOException;
}
