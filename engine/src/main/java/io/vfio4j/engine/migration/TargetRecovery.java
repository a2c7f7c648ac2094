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
import java.util.List;

/**
 * What the target does when a migration has failed: it resets its devices, so that nothing of the state runs
 * here, and tells the source. The original error always wins; what goes wrong here is suppressed in it.
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

  /** Puts things in order as far as possible, and returns what to throw. */
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
    return new MigrationException(Side.TARGET, failed.phase(), outcome, List.of(), words, message, cause);
  }

  /**
   * Tells the source what it needs to know, unless it is the one who gave up, and whether that could be
   * sent.
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
        "The source may have given its devices away and could not be told otherwise: see what it says, "
            + "and move its devices to RUNNING if it waits.";
      default -> "The source keeps its devices.";
    };
  }
}
