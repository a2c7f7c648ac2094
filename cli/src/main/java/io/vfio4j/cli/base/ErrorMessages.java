// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.engine.output.FileMessages;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.UnknownHostException;
import java.nio.file.FileSystemException;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Turns what a command threw into words and an exit code; nothing else does. */
public final class ErrorMessages implements IExecutionExceptionHandler {

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    CommonOptions common = CommonOptions.of(command)
        .orElseThrow(() -> new IllegalStateException(command.getCommandName() + " lacks the common options"));
    Output output = common.output();
    output.warning("vfio4j: " + describe(e));
    if (common.debug()) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace, true));
      output.warning(trace.toString().stripTrailing());
    }
    output.result(ErrorJson.of(e));
    return exitCode(e);
  }

  static int exitCode(Throwable e) {
    return e instanceof CommandException failure ? failure.exitCode() : ExitCodes.FAILURE;
  }

  /** Returns what a person is told of an exception. */
  public static String describe(Throwable e) {
    String message = e.getMessage();
    return switch (e) {
      case FileSystemException ofFile -> FileMessages.message(ofFile);
      case UnknownHostException unknown -> "unknown host: " + unknown.getMessage();
      case UncheckedIOException wrapped -> describe(Objects.requireNonNull(wrapped.getCause()));
      case IOException _ when message != null && !message.isBlank() -> message;
      case InterruptedException _ -> "interrupted";
      default ->
        "internal error: %s (run with --debug for the stack trace)".formatted(FileMessages.message(e));
    };
  }
}
