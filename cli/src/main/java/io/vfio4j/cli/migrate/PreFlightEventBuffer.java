// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Phase;
import java.util.ArrayList;
import java.util.List;

/**
 * Holds the events of a target's migration until it has passed its pre-flight: a source that is refused before is not the
 * migration that the command waits for, and leaves no trace in its progress, reports and metrics.
 */
final class PreFlightEventBuffer implements MigrationListener {

  private final MigrationListener listener;
  private final List<MigrationEvent> buffered = new ArrayList<>();
  private boolean isPassed;

  PreFlightEventBuffer(MigrationListener listener) {
    this.listener = listener;
  }

  @Override
  public void on(MigrationEvent event) {
    if (!isPassed && event instanceof MigrationEvent.PhaseStart began
        && began.phase() instanceof Phase.Loading) {
      release();
    }
    if (isPassed) {
      listener.on(event);
    } else {
      buffered.add(event);
    }
  }

  /** Passes on what is held, and from here on all that comes. */
  void release() {
    isPassed = true;
    buffered.forEach(listener::on);
    buffered.clear();
  }
}
