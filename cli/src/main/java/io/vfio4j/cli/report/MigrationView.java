// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;

/** One way to show how a migration goes. */
interface MigrationView extends MigrationListener, AutoCloseable {

  /** Takes away what is not to stay on the screen. */
  @Override
  void close();

  /** Shows nothing. */
  final class Silent implements MigrationView {
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
