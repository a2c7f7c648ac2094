// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.engine.output.FileMessages;
import io.vfio4j.model.SanitizedText;
import java.util.Arrays;

/** The entry point. */
public final class Main {

  private Main() {
  }

  /** Runs the command, and ends the process with its exit code. */
  public static void main(String[] args) {
    Termination.install();
    Termination.exit(run(args));
  }

  /** Returns the exit code if standard output has failed, which only replaces success. */
  private static int checkOutput(int code) {
    if (!System.out.checkError()) {
      return code;
    }
    System.err.println(
        Output.PREFIX + "standard output could not be written; the output of this command is incomplete");
    return code == ExitCodes.SUCCESS ? ExitCodes.OUTPUT_FAILED : code;
  }

  private static int run(String[] args) {
    try {
      return checkOutput(Commands.commandLine(args).execute(args));
    } catch (Error e) {
      // Exceptions are handled by the command. An Error means out of memory or a broken installation.
      System.err.println(Output.PREFIX + SanitizedText.of("internal error: " + FileMessages.message(e)));
      if (Arrays.asList(args).contains("--debug")) {
        e.printStackTrace();
      }
      return ExitCodes.FAILURE;
    }
  }
}
