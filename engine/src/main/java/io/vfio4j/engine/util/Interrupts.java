// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.io.InterruptedIOException;

/** The words for a thread that was interrupted: that is how a migration is cancelled. */
public final class Interrupts {

  private Interrupts() {
  }

  public static void check() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw exception();
    }
  }

  private static InterruptedIOException exception() {
    return new InterruptedIOException("the migration was cancelled");
  }

  /** Turns the exception into one of I/O, and leaves the thread interrupted. */
  public static InterruptedIOException reinterrupt(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return asIOException(cause);
  }

  /** Turns the exception into one of I/O. */
  public static InterruptedIOException asIOException(Exception cause) {
    InterruptedIOException exception = exception();
    exception.initCause(cause);
    return exception;
  }
}
