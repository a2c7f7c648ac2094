// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.linux.TerminalSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells what a person looks at. */
public final class Terminal {

  /** Standard output. */
  public static final int STDOUT = 1;

  /** Standard error. */
  public static final int STDERR = 2;

  /** What is assumed where the output is not a terminal. */
  public static final int DEFAULT_COLUMNS = 80;

  private Terminal() {
  }

  /** Returns how many columns the terminal behind a descriptor has; {@link #DEFAULT_COLUMNS} if it is not a terminal. */
  public static int columns(int descriptor) {
    return isTerminal(descriptor) ? TerminalSize.columns(descriptor).orElse(DEFAULT_COLUMNS)
        : DEFAULT_COLUMNS;
  }

  /**
   * Tells whether a descriptor of this process is a terminal that can move its cursor. System.console() would tell of
   * the standard input and output together, and never of the standard error.
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
      return false; // Closed, or no /proc: nobody looks at it as far as anybody can tell.
    }
  }

  /** Tells whether a descriptor may get colours (see no-color.org). */
  public static boolean supportsColour(int descriptor) {
    return System.getenv().getOrDefault("NO_COLOR", "").isEmpty() && isTerminal(descriptor);
  }
}
