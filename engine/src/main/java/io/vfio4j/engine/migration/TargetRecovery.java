// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.ownership.FailedRun;
import io.vfio4j.engine.ownership.FailureOrigin;
import io.vfio4j.engine.ownership.JournalWriter;
import io.vfio4j.engine.ownership.TargetCommitment;
import io.vfio4j.engine.ownership.TargetReset;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;

/**
 * The target's recovery from a failed migration: resets the devices, so that none runs with the source's
 * state, and reports the result to the source. The original error is the cause of the result; errors of the
 * recovery are suppressed in it.
 */
final class TargetRecovery {

  private final DeviceGroup group;
  private final StreamConnection connection;
  private final JournalWriter journal;
  private final PhaseTracker tracker;
  private final TargetCommitment commitment;

  TargetRecovery(MigrationContext context, TargetCommitment commitment) {
    this.group = context.group();
    this.connection = context.connection();
    this.journal = context.journal();
    this.tracker = context.tracker();
    this.commitment = commitment;
  }

  /** Recovers as far as possible, and returns the exception to throw. */
  MigrationException recover(Throwable failure) {
    FailedRun failed = FailedRun.begin(tracker, failure, connection);
    Throwable cause = failed.cause();
    TargetReset.Result result = new TargetReset(group, commitment).run(cause);
    String why = failed.deviceReasons();
    String words = result.description(group.size()) + (why.isEmpty() ? "" : " (%s)".formatted(why));
    if (result.isNotRunning()) {
      journal.tryWrite(JournalStep.RETURNED, Exceptions.message(cause) + "; " + words, cause);
    }
    boolean reported = sendOutcome(cause, result, words);
    tracker.suppressListenerFailures(cause);
    Outcome outcome = outcome(result, reported);
    String message =
        "%s On the target, %s. %s".formatted(failed.message(), words,
            sourceOutcome(outcome));
    return new MigrationException(Side.TARGET, failed.phase(), MigrationException.Outcomes.of(outcome, words),
        message, cause);
  }

  /**
   * Sends RETURNED or FAILED, unless the source itself reported the failure; returns whether the source knows
   * the outcome.
   */
  private boolean sendOutcome(Throwable cause, TargetReset.Result result, String words) {
    if (FailureOrigin.of(cause) == FailureOrigin.PEER) {
      return true;
    }
    boolean returns = commitment != TargetCommitment.NONE && result.isNotRunning();
    try {
      connection.out().sendText(returns ? FrameKind.RETURNED : FrameKind.FAILED,
          Exceptions.message(cause) + "; " + words);
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
      return false;
    }
    try {
      connection.drain();
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
    }
    return true;
  }

  private Outcome outcome(TargetReset.Result result, boolean reported) {
    return switch (commitment) {
      case NONE -> result == TargetReset.Result.UNTOUCHED ? Outcome.UNTOUCHED : Outcome.SOURCE_RUNNING;
      case LOADED, STARTING -> reported && result.isNotRunning() ? Outcome.SOURCE_RUNNING : Outcome.UNKNOWN;
    };
  }

  private static String sourceOutcome(Outcome outcome) {
    return switch (outcome) {
      case UNKNOWN ->
        "The source may have sent COMMIT and could not be notified: check its report, "
            + "and move its devices to RUNNING if it is waiting.";
      default -> "The source keeps its devices.";
    };
  }
}
