// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Recovery;
import java.io.IOException;

/**
 * What the source does when a migration has failed: it takes its device back, unless it has given it away.
 * The original error always wins; what goes wrong here is suppressed in it.
 */
final class SourceRecovery {

  /** To go back, and once more from where that failed. */
  private static final int ATTEMPTS = 2;

  private final MovedDevice device;
  private final Link link;
  private final PausableWorkload workload;
  private final Narrator narrator;
  private final Custody custody;

  SourceRecovery(MovedDevice device, Link link, PausableWorkload workload, Narrator narrator,
      Custody custody) {
    this.device = device;
    this.link = link;
    this.workload = workload;
    this.narrator = narrator;
    this.custody = custody;
  }

  /** Puts things in order as far as possible, and returns what to throw. */
  MigrationException recover(Throwable failure) {
    narrator.shield();
    Phase phase = narrator.phase();
    boolean peerMayHaveSaid = FailureOrigin.of(failure) == FailureOrigin.CONNECTION;
    Throwable cause = peerMayHaveSaid ? link.explain(failure) : failure;
    narrator.enter(new Phase.Aborting(Words.of(cause)), Words.of(cause));
    boolean ours = custody == Custody.SOURCE || isReturned(cause);
    Outcome outcome = ours ? takeBack(cause) : Outcome.UNKNOWN;
    if (outcome == Outcome.SOURCE_RUNNING) {
      resumeWorkload(cause);
    }
    if (custody == Custody.SOURCE && FailureOrigin.of(cause) == FailureOrigin.HERE) {
      tellTarget(cause);
    }
    narrator.suppressMishapsIn(cause);
    String fate = targetFate(cause, outcome);
    DeviceState state = outcome == Outcome.SOURCE_LOST ? null : device.known().orElse(null);
    // What the target says is the cause already.
    String further = cause instanceof PeerFailedException ? "" : " " + fate;
    String message = "%s: %s. %s%s".formatted(phase.title(), Words.of(cause), sourceFate(outcome), further);
    return new MigrationException(Side.SOURCE, phase, outcome, state, fate, message, cause);
  }

  /** Only this word of the target gives back what was given away. */
  private static boolean isReturned(Throwable cause) {
    return cause instanceof PeerFailedException told && told.kind() == FrameKind.RETURNED;
  }

  private Outcome takeBack(Throwable cause) {
    if (!device.isTouched()) {
      return cause instanceof DeviceLostException ? Outcome.SOURCE_LOST : Outcome.UNTOUCHED;
    }
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return carryOut(plan());
      } catch (DeviceLostException e) {
        Suppression.keep(cause, e);
        return Outcome.SOURCE_LOST;
      } catch (DeviceException | RuntimeException | Error e) {
        Suppression.keep(cause, e);
      }
    }
    return lastResort(cause);
  }

  private Recovery plan() throws DeviceException {
    return Recovery.toward(DeviceState.RUNNING, device.ask(), device.device().features());
  }

  private Outcome carryOut(Recovery plan) throws DeviceException {
    return switch (plan) {
      case Recovery.Nothing _ -> Outcome.SOURCE_RUNNING;
      case Recovery.Unwind unwind -> {
        device.move(unwind.to(), "the migration failed, the source takes its device back");
        yield Outcome.SOURCE_RUNNING;
      }
      case Recovery.Reset reset -> {
        device.reset(reset.reason());
        yield Outcome.SOURCE_RESET;
      }
    };
  }

  /** All attempts failed: where that led to what only a reset helps out of, it is all that is left. */
  private Outcome lastResort(Throwable cause) {
    try {
      Recovery plan = plan();
      return plan instanceof Recovery.Unwind ? Outcome.SOURCE_STOPPED : carryOut(plan);
    } catch (DeviceLostException e) {
      Suppression.keep(cause, e);
      return Outcome.SOURCE_LOST;
    } catch (DeviceException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
      return Outcome.SOURCE_STOPPED;
    }
  }

  private void resumeWorkload(Throwable cause) {
    try {
      workload.resume(Side.SOURCE);
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
  }

  private void tellTarget(Throwable cause) {
    try {
      link.out().sendText(FrameKind.ABORT, Words.of(cause));
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
  }

  private String sourceFate(Outcome outcome) {
    String name = device.name();
    return switch (outcome) {
      case UNTOUCHED -> name + " was not touched.";
      case SOURCE_RUNNING -> name + " runs again at the source, with nothing lost.";
      case SOURCE_RESET ->
        name + " was reset and is in RUNNING at the source, but its state is lost: set it up anew.";
      case SOURCE_STOPPED ->
        "%s did not get back to RUNNING and is in %s at the source: move it to RUNNING, or reset it."
            .formatted(name, device.known().map(DeviceState::name).orElse("an unknown state"));
      case SOURCE_LOST -> name + " is lost: nobody can tell its state.";
      case UNKNOWN ->
        ("%s was given away, and whether the target runs it is unknown; it stays in %s at the source, with "
            + "its state: if the target runs, reset it; if the target does not, move it to RUNNING.")
            .formatted(name,
                device.known().map(DeviceState::name).orElse("an unknown state"));
    };
  }

  private String targetFate(Throwable cause, Outcome outcome) {
    if (cause instanceof PeerFailedException told) {
      return "The target says: " + told.reason() + ".";
    }
    if (outcome == Outcome.UNKNOWN) {
      return "The target did not say what it did with the device.";
    }
    if (FailureOrigin.of(cause) == FailureOrigin.CONNECTION) {
      return "The target cannot be reached; it resets its device once it notices.";
    }
    return "The target was told, and resets its device if it has touched it.";
  }
}
