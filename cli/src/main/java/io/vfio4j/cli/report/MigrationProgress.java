// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Terminal;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Side;
import java.util.OptionalLong;

/**
 * Shows the progress of a migration in the form that suits the output: events as JSON with {@code --json}, one line redrawn
 * in place on a terminal, else a line every few seconds.
 */
public final class MigrationProgress implements MigrationListener, AutoCloseable {

  private final MigrationView view;

  /** Shows the progress of the source. */
  public MigrationProgress(Output output) {
    this(output, Side.SOURCE, OptionalLong.empty());
  }

  /**
   * Shows the progress of one side.
   *
   * @param side the side shown as text; JSON has the events of both
   * @param expected the bytes expected to be sent, if there is an estimate
   */
  public MigrationProgress(Output output, Side side, OptionalLong expected) {
    if (output.isJson()) {
      view = new JsonMigrationView(output);
    } else if (output.isQuiet()) {
      view = new MigrationView.Silent();
    } else if (Terminal.isTerminal(Terminal.STDERR)) {
      view = new TerminalMigrationView(output, side, expected);
    } else {
      view = new PlainMigrationView(output, side);
    }
  }

  @Override
  public void on(MigrationEvent event) {
    view.on(event);
  }

  /** Erases a line that is redrawn in place. */
  @Override
  public void close() {
    view.close();
  }
}
