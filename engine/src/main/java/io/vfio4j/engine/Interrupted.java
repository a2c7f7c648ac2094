// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.InterruptedIOException;

/** The words for a thread that was interrupted: that is how a migration is cancelled. */
final class Interrupted {

  private Interrupted() {
  }

  static void check() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw exception();
    }
  }

  private static InterruptedIOException exception() {
    return new InterruptedIOException("the migration was cancelled");
  }

  /** Turns the exception into one of I/O, and leaves the thread interrupted. */
  static InterruptedIOException again(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return cause(cause);
  }

  /** Turns the exception into one of I/O. */
  static InterruptedIOException cause(Exception cause) {
    InterruptedIOException exception = exception();
    exception.initCause(cause);
    return exception;
  }
}
