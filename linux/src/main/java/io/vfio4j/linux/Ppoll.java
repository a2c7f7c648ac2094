// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;

/** Waits with ppoll(2), the only poll with a timeout finer than a millisecond. */
final class Ppoll {

  private Ppoll() {}

  /**
   * Waits until one of the descriptors has an event. If a signal interrupts the call, it continues with the
   * remaining time.
   *
   * @param timespec memory for the timeout
   * @param timeoutNanos the timeout in nanoseconds; negative for none
   * @return the number of descriptors with events, or a negated errno
   */
  static int await(MemorySegment pollFds, int count, MemorySegment timespec, long timeoutNanos) {
    if (timeoutNanos < 0) {
      return awaitIndefinitely(pollFds, count);
    }
    long start = System.nanoTime();
    long remaining = timeoutNanos;
    for (;;) {
      Timespec.set(timespec, remaining);
      int result = FileCalls.ppoll(pollFds, count, timespec, MemorySegment.NULL);
      if (result != -Errno.EINTR.number()) {
        return result;
      }
      remaining = Math.max(0, timeoutNanos - (System.nanoTime() - start));
    }
  }

  /** Waits as {@link #await}, but returns 0 if a signal interrupts the call. */
  static int awaitInterruptibly(MemorySegment pollFds, int count, MemorySegment timespec, long timeoutNanos) {
    MemorySegment timeout = MemorySegment.NULL;
    if (timeoutNanos >= 0) {
      Timespec.set(timespec, timeoutNanos);
      timeout = timespec;
    }
    int result = FileCalls.ppoll(pollFds, count, timeout, MemorySegment.NULL);
    return result == -Errno.EINTR.number() ? 0 : result;
  }

  private static int awaitIndefinitely(MemorySegment pollFds, int count) {
    for (;;) {
      int result = FileCalls.ppoll(pollFds, count, MemorySegment.NULL, MemorySegment.NULL);
      if (result != -Errno.EINTR.number()) {
        return result;
      }
    }
  }
}
