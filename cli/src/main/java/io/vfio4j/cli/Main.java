// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

/** The command. A placeholder: it knows its version and nothing else yet. */
public final class Main {
  private Main() {}

  /** Runs the command. */
  public static void main(String[] args) {
    if (args.length == 1 && args[0].equals("--version")) {
      System.out
          .println("vfio4j " + Main.class.getModule().getDescriptor().rawVersion().orElse("(unversioned)"));
      return;
    }
    System.err.println("usage: vfio4j --version");
    System.exit(2);
  }
}
