// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A command failed, and knows with which exit code and what to say. */
public final class CommandFailure extends IOException {

  private static final long serialVersionUID = 1;

  private final int exitCode;
  private final transient @Nullable JsonObject facts;

  /**
   * Makes an exception.
   *
   * @param exitCode of {@link ExitCodes}
   * @param message one line or more, for people
   * @param cause what lies beneath, if anything
   */
  public CommandFailure(int exitCode, String message, @Nullable Throwable cause) {
    this(exitCode, message, null, cause);
  }

  CommandFailure(int exitCode, String message, @Nullable JsonObject facts, @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
    this.facts = facts;
  }

  /** Returns the exit code of the command. */
  public int exitCode() {
    return exitCode;
  }

  /** Returns what is to be in the JSON besides the message. */
  JsonObject facts() {
    return facts == null ? new JsonObject() : facts.deepCopy();
  }
}
