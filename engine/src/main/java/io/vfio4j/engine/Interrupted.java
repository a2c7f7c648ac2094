// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;

/** The words for a thread that was interrupted: that is how a migration is cancelled. */
final class Interrupted {

  private Interrupted() {
  }

  static InterruptedIOException exception(@Nullable Throwable cause) {
    InterruptedIOException exception = new InterruptedIOException("the migration was cancelled");
    if (cause != null) {
      exception.initCause(cause);
    }
    return exception;
  }
}
