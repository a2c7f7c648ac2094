// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The steps of the engine before the handover, by the names in its events. */
final class EngineSteps implements MigrationListener {

  private final Set<String> names = new LinkedHashSet<>();
  private final Set<Side> handedOver = new LinkedHashSet<>();

  @Override
  public synchronized void on(MigrationEvent event) {
    if (event instanceof MigrationEvent.PhaseStart began && began.phase() instanceof Phase.Handover) {
      handedOver.add(began.side());
    }
    if (!handedOver.contains(event.side())) {
      event.stepName().ifPresent(names::add);
    }
  }

  /** Returns the steps of both sides, in the order of their first occurrence. */
  synchronized List<String> all() {
    return new ArrayList<>(names);
  }

  /** Returns the steps of the source. */
  List<String> ofSource() {
    return all().stream().filter(name -> name.startsWith("source")).toList();
  }
}
