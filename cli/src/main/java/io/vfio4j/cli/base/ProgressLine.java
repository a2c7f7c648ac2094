// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.model.SanitizedText;
import java.io.PrintWriter;
import java.util.function.IntSupplier;

/** A line at the bottom of a terminal that is redrawn in place. */
public final class ProgressLine implements AutoCloseable {

  /** More than that nobody takes in at a glance. */
  static final int MAX_WIDTH = 79;

  private static final String TO_END_OF_LINE = "\u001b[K";

  private final PrintWriter terminal;
  private final IntSupplier columns;
  private boolean shown;

  /**
   * Makes a line that is not shown yet.
   *
   * @param terminal where; whoever writes to it calls {@link #clear} before
   * @param columns how many columns it has now
   */
  public ProgressLine(PrintWriter terminal, IntSupplier columns) {
    this.terminal = terminal;
    this.columns = columns;
  }

  /** Makes a line on the terminal that is the standard error. */
  public static ProgressLine onStandardError(Output output) {
    return new ProgressLine(output.err(), () -> Terminal.columns(Terminal.STDERR));
  }

  /** Returns how long a text may be: a longer one would wrap, and could not be redrawn. The cursor takes a column. */
  public int width() {
    return Math.clamp(columns.getAsInt() - 1L, 1, MAX_WIDTH);
  }

  /** Shows a text in place of the one before. */
  public void show(String text) {
    String harmless = SanitizedText.of(text);
    int width = width();
    terminal
        .print("\r" + (harmless.length() > width ? harmless.substring(0, width) : harmless) + TO_END_OF_LINE);
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
