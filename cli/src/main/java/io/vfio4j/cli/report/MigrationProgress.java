// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Terminal;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Side;
import java.util.OptionalLong;

/**
 * Shows how a migration goes, in the way that suits: JSON if it was asked for, a line redrawn in place on a terminal,
 * else a line now and then.
 */
public final class MigrationProgress implements MigrationListener, AutoCloseable {

  private final MigrationView view;

  /** Makes one that tells the source's story. */
  public MigrationProgress(Output output) {
    this(output, Side.SOURCE, OptionalLong.empty());
  }

  /**
   * Makes one.
   *
   * @param output where to
   * @param side whose story people are told; JSON tells both
   * @param expected how many bytes there are to send, as far as somebody knows
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

  /** Takes away what is not to stay on the screen. */
  @Override
  public void close() {
    view.close();
  }
}
