// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.NextState;
import io.vfio4j.model.TransitionException;
import java.util.List;
import java.util.Optional;

/** What to do with a device after a move of it, or what it was moved for, failed. */
public sealed interface Recovery {

  /**
   * Nothing: the device is where it was, or where nothing has to be undone. It may be asked again or sent
   * elsewhere.
   *
   * @param state where it is
   * @param reason why that is so, for people
   */
  record NoAction(DeviceState state, String reason) implements Recovery {
  }

  /**
   * Unwind: the device stopped on the way and should be sent back.
   *
   * @param to where to, one request
   * @param path the states on the way back, both ends included
   * @param sessionEnded whether the data session that was open before the failed move is over. What was read
   *     of it is of no use any more: the stream has to begin anew
   * @param reason why there, for people
   */
  record Rollback(DeviceState to, List<DeviceState> path, boolean sessionEnded,
      String reason) implements Recovery {

    public Rollback {
      path = List.copyOf(path);
    }
  }

  /**
   * Reset: nothing else helps. The device is in RUNNING then.
   *
   * @param losesState whether a state is lost that exists nowhere else; that of a device that was being
   *     loaded is still at its source
   * @param reason why, for people
   */
  record Reset(boolean losesState, String reason) implements Recovery {
  }

  /**
   * Returns what to do after a failed move.
   *
   * @param failure what the move threw
   * @param features of the device
   */
  static Recovery afterFailure(TransitionException failure, MigrationFeatures features) {
    DeviceState from = failure.from();
    DeviceState reached = failure.reached();
    return switch (failure.effect()) {
      case UNCHANGED -> new NoAction(reached, "the move had no effect");
      case MUST_RESET -> new Reset(from != DeviceState.RESUMING, "the device is in ERROR");
      case MID_PATH -> from == DeviceState.RESUMING
          ? afterLoading(reached, features)
          : afterMidPath(from, reached, features);
    };
  }

  /**
   * Returns how to bring a device to where it should be, after a failure of whatever kind. Never by running a
   * state that was not written whole: what is in RESUMING is given up.
   *
   * @param goal where it should be
   * @param at where it is
   * @param features of the device
   */
  static Recovery toReach(DeviceState goal, DeviceState at, MigrationFeatures features) {
    if (at == DeviceState.ERROR) {
      return new Reset(true, "the device is in ERROR");
    }
    if (at == goal) {
      return new NoAction(at, "the device is where it should be");
    }
    if (at == DeviceState.RESUMING) {
      return new Reset(false, "only a reset gives up what was written");
    }
    return rollbackTo(at, goal, features, at.isSaving() && !goal.isSaving(), "the device should be there")
        .orElseGet(() -> new Reset(true, "there is no way from " + at + " to " + goal));
  }

  /**
   * Returns how to take a state from a device that was being given it, wherever it is: the state is still at its
   * source, and must not run twice.
   */
  static Reset discard() {
    return new Reset(false, "nothing of the state may stay here");
  }

  /** Loading is the first thing that happens on the way out of RESUMING, and cannot be taken back. */
  private static Recovery afterLoading(DeviceState reached, MigrationFeatures features) {
    if (reached == DeviceState.STOP) {
      return new NoAction(reached, "the state is loaded, and the device holds it without running");
    }
    return rollbackTo(reached, DeviceState.STOP, features, true,
        "the state is loaded; in STOP the device holds it")
        .orElseGet(() -> new Reset(false, "there is no way to STOP"));
  }

  private static Recovery afterMidPath(DeviceState from, DeviceState reached, MigrationFeatures features) {
    boolean ended = from.isSaving() && !reached.isSaving();
    Optional<Recovery> toStart = ended
        ? Optional.empty()
        : rollbackTo(reached, from, features, false, "the device was there before");
    if (toStart.isPresent()) {
      return toStart.get();
    }
    DeviceState outside = withoutSaving(from);
    if (outside == reached) {
      return new NoAction(reached, "the device is as far as it was, but its saving session is over");
    }
    return rollbackTo(reached, outside, features, from.isSaving(),
        "the saving session is over, but the device does there "
            + "what it did before")
        .orElseGet(() -> new Reset(true, "there is no way back from " + reached + " to " + from));
  }

  private static Optional<Recovery> rollbackTo(DeviceState reached, DeviceState to,
      MigrationFeatures features,
      boolean sessionEnded, String reason) {
    return NextState.of(features).path(reached, to).map(path -> new Rollback(to, path, sessionEnded, reason));
  }

  /** The state that differs from one only in that nothing is saved. */
  private static DeviceState withoutSaving(DeviceState state) {
    return switch (state) {
      case PRE_COPY -> DeviceState.RUNNING;
      case PRE_COPY_P2P -> DeviceState.RUNNING_P2P;
      case STOP_COPY -> DeviceState.STOP;
      case ERROR, STOP, RUNNING, RESUMING, RUNNING_P2P -> state;
    };
  }
}
