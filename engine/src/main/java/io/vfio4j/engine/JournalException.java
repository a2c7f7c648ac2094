// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A journal cannot be read or written, or a record is not a valid successor of the last one. */
public final class JournalException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Creates the exception.
   *
   * @param message what failed, on which file
   * @param cause the cause, if any
   */
  public JournalException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
