// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Side;

/** Shows how a migration goes. */
public interface MigrationView extends MigrationListener, AutoCloseable {

  /** Takes away what is not to stay on the screen. */
  @Override
  void close();

  /**
   * Returns the view that suits: JSON if it was asked for, a line redrawn in place on a terminal, else a line now and
   * then.
   *
   * @param output where to
   * @param side whose story people are told; JSON tells both
   */
  static MigrationView of(Output output, Side side) {
    if (output.isJson()) {
      return new JsonMigrationView(output);
    }
    if (output.isQuiet()) {
      return new SilentMigrationView();
    }
    return Terminal.is(Terminal.STDERR) ? new TerminalMigrationView(output, side)
        : new PlainMigrationView(output, side);
  }

  /** Shows nothing. */
  final class SilentMigrationView implements MigrationView {
    @Override
    public void on(MigrationEvent event) {
      // Nobody wants to know.
    }

    @Override
    public void close() {
      // Nothing was shown.
    }
  }
}
