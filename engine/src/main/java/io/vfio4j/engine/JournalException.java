// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A journal cannot be read or written, or what is in it forbids what was to be added. */
public final class JournalException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Makes an exception.
   *
   * @param message what failed, on which file
   * @param cause what lies beneath, if anything
   */
  public JournalException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
