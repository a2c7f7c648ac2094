// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;

/** One way to show the progress of a migration. */
interface MigrationView extends MigrationListener, AutoCloseable {

  /** Erases a line that is redrawn in place. */
  @Override
  void close();

  /** Shows nothing. */
  final class Silent implements MigrationView {
    @Override
    public void on(MigrationEvent event) {
      // Quiet.
    }

    @Override
    public void close() {
      // Nothing is shown.
    }
  }
}
