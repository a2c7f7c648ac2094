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

/** The steps that the engine takes before the handover, as its own events name them. */
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

  /** Returns the steps of both sides, in the order in which they were first taken. */
  synchronized List<String> all() {
    return new ArrayList<>(names);
  }

  /** Returns the steps of the source. */
  List<String> ofSource() {
    return all().stream().filter(name -> name.startsWith("source")).toList();
  }
}
