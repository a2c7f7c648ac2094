// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;

/** Follows a swap. Its methods are called by the threads that swap, which wait for them. */
interface SwapObserver extends MigrationListener {

  /** A step of the handover of the VMM's connection, which has succeeded. */
  enum Step {
    STAGED, SURRENDERED, RELEASED
  }

  /** Observes nothing. */
  SwapObserver NONE = new SwapObserver() {
    @Override
    public void onHandover(Step step) {
      // Not observed.
    }

    @Override
    public void on(MigrationEvent event) {
      // Not observed.
    }
  };

  /** Called after a step of the handover. */
  void onHandover(Step step);
}
