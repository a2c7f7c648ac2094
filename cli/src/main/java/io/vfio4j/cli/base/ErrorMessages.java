// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.engine.output.FileMessages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnknownHostException;
import java.nio.file.FileSystemException;
import java.util.Objects;

/** Maps what a command threw to a message and an exit code. No other class does. */
public final class ErrorMessages {

  private ErrorMessages() {
  }

  /** Returns the exit code of a command that failed with an exception. */
  public static int exitCode(Throwable e) {
    return e instanceof CommandException failure ? failure.exitCode() : ExitCodes.FAILURE;
  }

  /** Returns the message for an exception. */
  public static String describe(Throwable e) {
    String message = e.getMessage();
    return switch (e) {
      case FileSystemException file -> FileMessages.message(file);
      case UnknownHostException unknown -> "unknown host: " + unknown.getMessage();
      case UncheckedIOException wrapped -> describe(Objects.requireNonNull(wrapped.getCause()));
      case IOException _ when message != null && !message.isBlank() -> message;
      case InterruptedException _ -> "interrupted";
      default ->
        "internal error: %s (run with --debug for the stack trace)".formatted(FileMessages.message(e));
    };
  }
}
