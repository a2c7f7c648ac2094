// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.TransitionException;
import java.util.List;
import java.util.Optional;

/**
 * The recovery of a device after a failed transition, or after a failure of the migration that it was part
 * of.
 */
public sealed interface Recovery {

  /**
   * No action: the device is in a state from which it may continue. The transition may be repeated or another
   * one requested.
   *
   * @param state the current state
   * @param reason the reason, for messages
   */
  record NoAction(DeviceState state, String reason) implements Recovery {
  }

  /**
   * Rollback: the device is in an intermediate state and should be moved back.
   *
   * @param to the state to return to, in one request
   * @param path the states on the path, both ends included
   * @param sessionEnded whether the data session that was open before the failed transition has ended. The
   *     data read from it is useless then, and the stream must begin again
   * @param reason the reason for that state, for messages
   */
  record Rollback(DeviceState to, List<DeviceState> path, boolean sessionEnded,
      String reason) implements Recovery {

    public Rollback {
      path = List.copyOf(path);
    }
  }

  /**
   * Reset: the only remedy. The device is in RUNNING then.
   *
   * @param losesState whether a state is lost that exists nowhere else; the state of a device that was being
   *     loaded is still at its source
   * @param reason the reason, for messages
   */
  record Reset(boolean losesState, String reason) implements Recovery {
  }

  /**
   * Returns the recovery after a failed transition.
   *
   * @param failure the exception of the transition
   * @param features the features of the device
   */
  static Recovery afterFailure(TransitionException failure, MigrationFeatures features) {
    DeviceState from = failure.from();
    DeviceState reached = failure.reached();
    return switch (failure.effect()) {
      case UNCHANGED -> new NoAction(reached, "the transition had no effect");
      case MUST_RESET -> new Reset(from != DeviceState.RESUMING, "the device is in ERROR");
      case MID_PATH -> from == DeviceState.RESUMING
          ? afterLoading(reached, features)
          : afterMidPath(from, reached, features);
    };
  }

  /**
   * Returns the recovery that brings a device to a state, after any failure. It never runs a state that was
   * not completely written: a state in RESUMING is discarded.
   *
   * @param goal the state to reach
   * @param at the current state
   * @param features the features of the device
   */
  static Recovery toReach(DeviceState goal, DeviceState at, MigrationFeatures features) {
    if (at == DeviceState.ERROR) {
      return new Reset(true, "the device is in ERROR");
    }
    if (at == goal) {
      return new NoAction(at, "the device is in the required state");
    }
    if (at == DeviceState.RESUMING) {
      return new Reset(false, "only a reset discards the data written");
    }
    return rollbackTo(at, goal, features, at.isSaving() && !goal.isSaving(), "that is the required state")
        .orElseGet(() -> new Reset(true, "there is no path from " + at + " to " + goal));
  }

  /**
   * Returns the recovery that removes a state being loaded into a device, in any state: it is still at its
   * source, and must not run twice.
   */
  static Reset discard() {
    return new Reset(false, "no part of the state may remain at the target");
  }

  /**
   * Returns the recovery after a failed exit from RESUMING, whose first step is to load the state; that
   * cannot be rolled back.
   */
  private static Recovery afterLoading(DeviceState reached, MigrationFeatures features) {
    if (reached == DeviceState.STOP) {
      return new NoAction(reached, "the state is loaded, and the device is stopped");
    }
    return rollbackTo(reached, DeviceState.STOP, features, true,
        "the state is loaded; in STOP the device keeps it")
        .orElseGet(() -> new Reset(false, "there is no path to STOP"));
  }

  private static Recovery afterMidPath(DeviceState from, DeviceState reached, MigrationFeatures features) {
    boolean ended = from.isSaving() && !reached.isSaving();
    Optional<Recovery> toStart = ended
        ? Optional.empty()
        : rollbackTo(reached, from, features, false, "that is the state before the transition");
    if (toStart.isPresent()) {
      return toStart.get();
    }
    DeviceState outside = withoutSaving(from);
    if (outside == reached) {
      return new NoAction(reached, "the device is in the equivalent state, but its saving session has ended");
    }
    return rollbackTo(reached, outside, features, from.isSaving(),
        "the saving session has ended; in that state the device operates as before")
        .orElseGet(() -> new Reset(true, "there is no path back from " + reached + " to " + from));
  }

  private static Optional<Recovery> rollbackTo(DeviceState reached, DeviceState to,
      MigrationFeatures features, boolean sessionEnded, String reason) {
    return NextState.of(features).path(reached, to).map(path -> new Rollback(to, path, sessionEnded, reason));
  }

  /** Returns the equivalent state without saving. */
  private static DeviceState withoutSaving(DeviceState state) {
    return switch (state) {
      case PRE_COPY -> DeviceState.RUNNING;
      case PRE_COPY_P2P -> DeviceState.RUNNING_P2P;
      case STOP_COPY -> DeviceState.STOP;
      case ERROR, STOP, RUNNING, RESUMING, RUNNING_P2P -> state;
    };
  }
}
