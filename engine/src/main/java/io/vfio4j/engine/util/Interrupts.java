// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.InterruptedIOException;

/** Interrupts, which cancel a migration. */
public final class Interrupts {

  private Interrupts() {
  }

  /** Waits for the end of a thread; an interrupt meanwhile is deferred. */
  public static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Throws if the thread was interrupted, which it stays. */
  public static void check() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw exception();
    }
  }

  private static InterruptedIOException exception() {
    return new InterruptedIOException("the migration was cancelled");
  }

  /** Returns the exception as an I/O exception, and interrupts the thread again. */
  public static InterruptedIOException reinterrupt(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return asIOException(cause);
  }

  /** Returns the exception as an I/O exception. */
  public static InterruptedIOException asIOException(Exception cause) {
    InterruptedIOException exception = exception();
    exception.initCause(cause);
    return exception;
  }
}
