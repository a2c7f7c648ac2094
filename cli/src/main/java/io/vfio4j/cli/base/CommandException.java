// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import com.google.gson.JsonObject;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The failure of a command, with its exit code and message. */
public final class CommandException extends IOException {

  private static final long serialVersionUID = 1;

  private final int exitCode;
  private final transient @Nullable JsonObject details;

  /**
   * Creates an exception.
   *
   * @param exitCode one of {@link ExitCodes}
   * @param message one or more lines
   */
  public CommandException(int exitCode, String message, @Nullable Throwable cause) {
    this(exitCode, message, null, cause);
  }

  /**
   * Creates an exception with fields for the {@code error} event.
   *
   * @param details what the event contains besides the message
   */
  public CommandException(int exitCode, String message, @Nullable JsonObject details,
      @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
    this.details = details;
  }

  public int exitCode() {
    return exitCode;
  }

  /** Returns a copy of the fields that the {@code error} event contains besides the message. */
  public JsonObject details() {
    return details == null ? new JsonObject() : details.deepCopy();
  }
}
