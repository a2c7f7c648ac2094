// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The steps that the engine takes before the handover, as its own events name them. */
final class Steps implements MigrationListener {

  private final Set<String> names = new LinkedHashSet<>();
  private final Set<Side> handedOver = new LinkedHashSet<>();

  /** Returns the name of the step that an event stands for, if it does. */
  static Optional<String> name(MigrationEvent event) {
    return switch (event) {
      case MigrationEvent.PhaseBegan began -> Optional.of(began.side() + " enters " + began.phase().title());
      case MigrationEvent.DeviceMoving moving -> Optional
          .of("%s about to move %s > %s".formatted(moving.side(), moving.from(), moving.to()));
      case MigrationEvent.DeviceMoved moved -> Optional
          .of("%s has moved %s > %s".formatted(moved.side(), moved.from(), moved.to()));
      case MigrationEvent.RoundEnded _ -> Optional.of("source has ended a round");
      case MigrationEvent.Recorded recorded ->
        Optional.of("%s has recorded %s".formatted(recorded.side(), recorded.step()));
      case MigrationEvent.Progress _,MigrationEvent.Noted _ -> Optional.empty();
    };
  }

  @Override
  public synchronized void on(MigrationEvent event) {
    if (event instanceof MigrationEvent.PhaseBegan began && began.phase() instanceof Phase.Handover) {
      handedOver.add(began.side());
    }
    if (!handedOver.contains(event.side())) {
      name(event).ifPresent(names::add);
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
