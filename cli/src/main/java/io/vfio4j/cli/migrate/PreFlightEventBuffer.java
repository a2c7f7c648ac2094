// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Phase;
import java.util.ArrayList;
import java.util.List;

/**
 * Buffers the events of a target until the pre-flight has passed. A source that is refused before that is not the migration
 * that the command waits for, and does not appear in its progress, reports and metrics. The states are buffering and, after
 * the phase {@link Phase.Loading} starts or {@link #release} is called, passed.
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
    if (!isPassed && event instanceof MigrationEvent.PhaseStart start
        && start.phase() instanceof Phase.Loading) {
      release();
    }
    if (isPassed) {
      listener.on(event);
    } else {
      buffered.add(event);
    }
  }

  /** Passes on the buffered events, and later ones as they occur. */
  void release() {
    isPassed = true;
    buffered.forEach(listener::on);
    buffered.clear();
  }
}
