// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** Something that happened in a migration. */
public sealed interface MigrationEvent {

  /** Returns when it happened: time since this side began. */
  Duration at();

  /** Returns the side that tells. */
  Side side();

  /**
   * Returns the name of the step that the side has come to, where the event is about one, as in <em>source has moved
   * RUNNING &gt; PRE_COPY</em>. Two migrations that go the same way have the same steps; events that come as time
   * passes are no steps.
   */
  default Optional<String> stepName() {
    return switch (this) {
      case PhaseStart began -> Optional.of(side() + " enters " + began.phase().title());
      case TransitionStart moving -> Optional
          .of("%s starts %s > %s".formatted(side(), moving.from(), moving.to()));
      case TransitionEnd moved ->
        Optional.of("%s completed %s > %s".formatted(side(), moved.from(), moved.to()));
      case JournalWrite recorded -> Optional.of("%s recorded *%s*".formatted(side(), recorded.step()));
      case RoundEnd _ -> Optional.of(side() + " completed a round");
      case Progress _,Note _ -> Optional.empty();
    };
  }

  /**
   * A side entered a phase.
   *
   * @param at time since this side began
   * @param side which side
   * @param phase the phase
   * @param reason why, for people
   */
  record PhaseStart(Duration at, Side side, Phase phase, String reason) implements MigrationEvent {
  }

  /**
   * A device is about to be moved or reset.
   *
   * @param at time since this side began
   * @param side whose device
   * @param device its name
   * @param from where it is
   * @param to where it is to go; by way of other states, perhaps
   * @param reason why, for people
   */
  record TransitionStart(Duration at, Side side, String device, DeviceState from, DeviceState to,
      String reason)
      implements
        MigrationEvent {
  }

  /**
   * A device was moved or reset, or failed on its way: then it got a part of the way, or nowhere.
   *
   * @param at time since this side began
   * @param side whose device
   * @param device its name
   * @param from where it was
   * @param to where it is now
   * @param reason why, for people
   */
  record TransitionEnd(Duration at, Side side, String device, DeviceState from, DeviceState to, String reason)
      implements
        MigrationEvent {
  }

  /**
   * How far the source has come: a few times a second, and at the end of every round.
   *
   * @param at time since this side began
   * @param round which round of pre-copy, from 1; 0 in a stop-copy phase that no round came before
   * @param bytes sent so far, bytes of device state
   * @param bytesPerSecond over the last progress or so
   * @param remaining bytes known to be left
   * @param predictedDowntime how long the switchover would take now
   * @param elapsed since the first byte of device state
   */
  record Progress(Duration at, int round, long bytes, double bytesPerSecond, OptionalLong remaining,
      Optional<Duration> predictedDowntime, Duration elapsed) implements MigrationEvent {
    @Override
    public Side side() {
      return Side.SOURCE;
    }
  }

  /**
   * A round of pre-copy ended.
   *
   * @param at time since this side began
   * @param round what it did
   * @param remaining bytes known to be left
   * @param predictedDowntime how long the switchover would take now, where that can be told
   */
  record RoundEnd(Duration at, MigrationReport.Round round, OptionalLong remaining,
      Optional<Duration> predictedDowntime) implements MigrationEvent {
    @Override
    public Side side() {
      return Side.SOURCE;
    }
  }

  /**
   * The journal of a side has a record more, which outlives the process.
   *
   * @param at time since this side began
   * @param side whose journal
   * @param migration the migration
   * @param step what was put down
   * @param duration how long that took, until it was there to stay
   */
  record JournalWrite(Duration at, Side side, MigrationId migration, JournalStep step, Duration duration)
      implements
        MigrationEvent {
  }

  /**
   * Something worth telling.
   *
   * @param at time since this side began
   * @param side which side
   * @param text for people
   */
  record Note(Duration at, Side side, String text) implements MigrationEvent {
  }
}
