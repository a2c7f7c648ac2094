// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** An event of a migration, on either side. */
public sealed interface MigrationEvent {

  /** Returns the time since this side began. */
  Duration at();

  /** Returns the side on which it occurred. */
  Side side();

  /**
   * Returns the name of the step that the event marks, if any, as in <em>source completed RUNNING &gt;
   * PRE_COPY</em>. Two migrations that take the same course have the same steps; periodic events are not
   * steps.
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
      case Progress _, Note _ -> Optional.empty();
    };
  }

  /**
   * A side entered a phase.
   *
   * @param at time since this side began
   * @param side the side
   * @param phase the phase
   * @param reason why
   */
  record PhaseStart(Duration at, Side side, Phase phase, String reason) implements MigrationEvent {
  }

  /**
   * A transition or reset of a device starts.
   *
   * @param at time since this side began
   * @param side the side
   * @param device the device's name
   * @param from the current state
   * @param to the target state, possibly through others
   * @param reason why
   */
  record TransitionStart(Duration at, Side side, String device, DeviceState from, DeviceState to,
      String reason)
      implements
        MigrationEvent {
  }

  /**
   * A transition or reset ended. After a failure, {@code to} is the state reached, and {@code reason}
   * contains the errno.
   *
   * @param at time since this side began
   * @param side the side
   * @param device the device's name
   * @param from the state before
   * @param to the state now
   * @param reason why
   */
  record TransitionEnd(Duration at, Side side, String device, DeviceState from, DeviceState to, String reason)
      implements
        MigrationEvent {
  }

  /**
   * Progress of the source: several times a second, and at the end of each round.
   *
   * @param at time since this side began
   * @param round the round of pre-copy, from 1; 0 in a stop-copy phase without pre-copy
   * @param bytes bytes sent so far
   * @param bytesPerSecond rate since about the last progress event
   * @param remaining bytes known to be left
   * @param predictedDowntime the downtime if the switchover happened now
   * @param elapsed time since the first byte
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
   * @param round the round
   * @param remaining bytes known to be left
   * @param predictedDowntime the downtime if the switchover happened now, if it can be predicted
   */
  record RoundEnd(Duration at, MigrationReport.Round round, OptionalLong remaining,
      Optional<Duration> predictedDowntime) implements MigrationEvent {
    @Override
    public Side side() {
      return Side.SOURCE;
    }
  }

  /**
   * A side appended a record to its journal.
   *
   * @param at time since this side began
   * @param side the side
   * @param migration the migration
   * @param step the record
   * @param duration time until the record was durable
   */
  record JournalWrite(Duration at, Side side, MigrationId migration, JournalStep step, Duration duration)
      implements
        MigrationEvent {
  }

  /**
   * A message for the operator.
   *
   * @param at time since this side began
   * @param side the side
   * @param text the message
   */
  record Note(Duration at, Side side, String text) implements MigrationEvent {
  }
}
