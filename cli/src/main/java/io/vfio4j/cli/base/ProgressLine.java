// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.model.SanitizedText;
import java.io.PrintWriter;
import java.util.function.IntSupplier;

/** A line at the bottom of a terminal, redrawn in place. Not thread-safe. */
public final class ProgressLine implements AutoCloseable {

  /** A longer line is not readable at a glance. */
  static final int MAX_WIDTH = 79;

  private static final String TO_END_OF_LINE = "\u001b[K";

  private final PrintWriter terminal;
  private final IntSupplier columns;
  private boolean shown;

  /**
   * Creates a line that is not shown yet.
   *
   * @param terminal the terminal; other output to it must be preceded by {@link #clear}
   * @param columns returns the current number of columns
   */
  public ProgressLine(PrintWriter terminal, IntSupplier columns) {
    this.terminal = terminal;
    this.columns = columns;
  }

  /** Creates a line on the terminal that is standard error. */
  public static ProgressLine onStandardError(Output output) {
    return new ProgressLine(output.err(), () -> Terminal.columns(Terminal.STDERR));
  }

  /** Returns the maximum length of the text. A longer one would wrap and could not be redrawn; the cursor takes a column. */
  public int width() {
    return Math.clamp(columns.getAsInt() - 1L, 1, MAX_WIDTH);
  }

  /** Replaces the text shown. */
  public void show(String text) {
    String safe = SanitizedText.of(text);
    int width = width();
    terminal
        .print("\r" + (safe.length() > width ? safe.substring(0, width) : safe) + TO_END_OF_LINE);
    terminal.flush();
    shown = true;
  }

  /** Erases the line. */
  public void clear() {
    if (shown) {
      terminal.print("\r" + TO_END_OF_LINE);
      terminal.flush();
      shown = false;
    }
  }

  /** Returns a progress bar, as in {@code [====>     ]}. */
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
