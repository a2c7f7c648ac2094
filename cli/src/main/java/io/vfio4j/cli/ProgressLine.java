// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.model.HarmlessText;
import java.io.PrintWriter;

/** A line at the bottom of a terminal that is redrawn in place. */
public final class ProgressLine implements AutoCloseable {

  /** A longer line would wrap on a narrow terminal, and could not be redrawn. */
  static final int WIDTH = 79;

  private static final String TO_END_OF_LINE = "\u001b[K";

  private final PrintWriter terminal;
  private boolean shown;

  /**
   * Makes a line that is not shown yet.
   *
   * @param terminal where; whoever writes to it calls {@link #clear} before
   */
  public ProgressLine(PrintWriter terminal) {
    this.terminal = terminal;
  }

  /** Shows a text in place of the one before. */
  public void show(String text) {
    String harmless = HarmlessText.of(text);
    terminal.print(
        "\r" + (harmless.length() > WIDTH ? harmless.substring(0, WIDTH) : harmless) + TO_END_OF_LINE);
    terminal.flush();
    shown = true;
  }

  /** Takes the line away. */
  public void clear() {
    if (shown) {
      terminal.print("\r" + TO_END_OF_LINE);
      terminal.flush();
      shown = false;
    }
  }

  /** Returns a bar, as in {@code [====>     ]}. */
  public static String bar(double fraction, int width) {
    int done = (int) Math.round(Math.clamp(fraction, 0, 1) * width);
    String tip = done == 0 || done == width ? "" : ">";
    return "[" + "=".repeat(done - tip.length()) + tip + " ".repeat(width - done) + "]";
  }

  @Override
  public void close() {
    clear();
  }
}
