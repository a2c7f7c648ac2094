// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import com.google.gson.JsonObject;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A command failed, and knows with which exit code and what to say. */
public final class CommandException extends IOException {

  private static final long serialVersionUID = 1;

  private final int exitCode;
  private final transient @Nullable JsonObject details;

  /**
   * Makes an exception.
   *
   * @param exitCode of {@link ExitCodes}
   * @param message one line or more, for people
   * @param cause what lies beneath, if anything
   */
  public CommandException(int exitCode, String message, @Nullable Throwable cause) {
    this(exitCode, message, null, cause);
  }

  public CommandException(int exitCode, String message, @Nullable JsonObject facts,
      @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
    this.details = facts;
  }

  /** Returns the exit code of the command. */
  public int exitCode() {
    return exitCode;
  }

  /** Returns what is to be in the JSON besides the message. */
  public JsonObject details() {
    return details == null ? new JsonObject() : details.deepCopy();
  }
}
