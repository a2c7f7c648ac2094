// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.linux.TerminalSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Properties of the terminals behind standard output and standard error. */
public final class Terminal {

  /** The descriptor of standard output. */
  public static final int STDOUT = 1;

  /** The descriptor of standard error. */
  public static final int STDERR = 2;

  /** The width assumed where the output is not a terminal. */
  public static final int DEFAULT_COLUMNS = 80;

  private Terminal() {
  }

  /** Returns the columns of the terminal behind a descriptor; {@link #DEFAULT_COLUMNS} if it is not a terminal. */
  public static int columns(int descriptor) {
    return isTerminal(descriptor) ? TerminalSize.columns(descriptor).orElse(DEFAULT_COLUMNS)
        : DEFAULT_COLUMNS;
  }

  /**
   * Returns whether a descriptor of this process is a terminal that can move its cursor. System.console() considers
   * standard input and output together, and never standard error.
   */
  public static boolean isTerminal(int descriptor) {
    if (System.getenv().getOrDefault("TERM", "dumb").equals("dumb")) {
      return false;
    }
    try {
      String target =
          Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(descriptor))).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
    } catch (IOException e) {
      return false; // Closed, or /proc is not mounted.
    }
  }

  /** Returns whether a descriptor supports colours (see no-color.org). */
  public static boolean supportsColour(int descriptor) {
    return System.getenv().getOrDefault("NO_COLOR", "").isEmpty() && isTerminal(descriptor);
  }
}
