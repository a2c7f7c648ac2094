// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

/** The command. */
public final class Main {

  private Main() {
  }

  /** Runs the command, and ends the process with its exit code. */
  public static void main(String[] args) {
    Termination.install();
    int code = Commands.commandLine().execute(args);
    Termination.exit(code);
  }
}
