// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.MigrationEvent;
import java.util.Optional;

/** Names the steps that the engine takes, by its own events. */
public final class MigrationStep {

  private MigrationStep() {
  }

  /** Returns the name of the step that an event stands for, if it does. */
  public static Optional<String> name(MigrationEvent event) {
    return switch (event) {
      case MigrationEvent.PhaseBegan began -> Optional.of(began.side() + " enters " + began.phase().title());
      case MigrationEvent.DeviceMoving moving -> Optional
          .of("%s is about to move %s > %s".formatted(moving.side(), moving.from(), moving.to()));
      case MigrationEvent.DeviceMoved moved -> Optional
          .of("%s has moved %s > %s".formatted(moved.side(), moved.from(), moved.to()));
      case MigrationEvent.Recorded recorded ->
        Optional.of("%s has put down *%s*".formatted(recorded.side(), recorded.step()));
      case MigrationEvent.RoundEnded _ -> Optional.of("source has ended a round");
      case MigrationEvent.Progress _,MigrationEvent.Noted _ -> Optional.empty();
    };
  }
}
