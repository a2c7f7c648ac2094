// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.util.Arrays;

/** The command. */
public final class Main {

  private Main() {
  }

  /** Runs the command, and ends the process with its exit code. */
  public static void main(String[] args) {
    Termination.install();
    Termination.exit(run(args));
  }

  private static int run(String[] args) {
    try {
      return Commands.commandLine(args).execute(args);
    } catch (Error e) {
      // Exceptions never come here, and Errors are beyond a command: out of memory, or a broken installation.
      System.err.println("vfio4j: " + e);
      if (Arrays.asList(args).contains("--debug")) {
        e.printStackTrace();
      }
      return ExitCodes.NOT_DONE;
    }
  }
}
