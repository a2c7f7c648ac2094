// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.connection.PeerFailedException;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.PausableWorkload;
import io.vfio4j.engine.ownership.DeviceOutcomes;
import io.vfio4j.engine.ownership.FailedRun;
import io.vfio4j.engine.ownership.FailureOrigin;
import io.vfio4j.engine.ownership.GroupRollback;
import io.vfio4j.engine.ownership.JournalWriter;
import io.vfio4j.engine.ownership.OutcomeMessages;
import io.vfio4j.engine.ownership.Ownership;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
import java.util.List;

/**
 * The source's recovery from a failed migration: rolls the devices back, unless COMMIT was sent and the
 * target has not returned them. The original error is the cause of the result; errors of the recovery are
 * suppressed in it.
 */
final class SourceRecovery {

  private final DeviceGroup group;
  private final StreamConnection connection;
  private final PausableWorkload workload;
  private final JournalWriter journal;
  private final PhaseTracker tracker;
  private final Ownership ownership;
  private final boolean noPeerDma;

  SourceRecovery(MigrationContext context, Ownership ownership) {
    this.group = context.group();
    this.connection = context.connection();
    this.workload = context.workload();
    this.journal = context.journal();
    this.tracker = context.tracker();
    this.noPeerDma = context.options().noPeerDma();
    this.ownership = ownership;
  }

  /** Recovers as far as possible, and returns the exception to throw. */
  MigrationException recover(Throwable failure) {
    FailedRun failed = FailedRun.begin(tracker, failure, connection);
    Throwable cause = failed.cause();
    boolean ours = ownership == Ownership.SOURCE || isReturnedByTarget(cause);
    List<DeviceOutcome> outcomes =
        DeviceOutcomes.of(group,
            ours ? new GroupRollback(group, cause, noPeerDma).run() : unknownOutcomes());
    Outcome outcome = DeviceOutcomes.worst(outcomes);
    String why = outcome.sourceRuns() ? "" : failed.deviceReasons();
    if (outcome.sourceRuns()) {
      workload.tryResume(Side.SOURCE, cause);
    }
    if (ours) {
      journal.tryWrite(ownership == Ownership.SOURCE ? JournalStep.KEPT : JournalStep.RETURNED,
          Exceptions.message(cause), cause);
    }
    boolean reported =
        ownership == Ownership.SOURCE && FailureOrigin.of(cause) == FailureOrigin.HERE && sendAbort(cause);
    tracker.suppressListenerFailures(cause);
    String targetResult = targetOutcome(failed.phase(), cause, outcome, reported);
    // The cause already contains the target's message.
    String extra = cause instanceof PeerFailedException ? "" : " " + targetResult;
    String message =
        "%s %s%s%s%s".formatted(failed.message(), OutcomeMessages.of(outcomes),
            why.isEmpty() ? "" : " " + why + ".", extra,
            OutcomeMessages.workloadFailure(workload.resumeFailure()));
    return new MigrationException(Side.SOURCE, failed.phase(),
        new MigrationException.Outcomes(outcome, outcomes, targetResult, workload.resumeFailure()), message,
        cause);
  }

  /** Returns whether the target sent RETURNED, the only frame that returns ownership after COMMIT. */
  private static boolean isReturnedByTarget(Throwable cause) {
    return cause instanceof PeerFailedException reported && reported.kind() == FrameKind.RETURNED;
  }

  private List<Outcome> unknownOutcomes() {
    return group.devices().stream().map(_ -> Outcome.UNKNOWN).toList();
  }

  /** Sends ABORT, and returns whether it was sent. */
  private boolean sendAbort(Throwable cause) {
    try {
      connection.out().sendText(FrameKind.ABORT, Exceptions.message(cause));
      return true;
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
      return false;
    }
  }

  /**
   * Returns what is known about the target here; only the target knows whether its devices could be reset.
   */
  private String targetOutcome(Phase phase, Throwable cause, Outcome outcome, boolean abortSent) {
    if (cause instanceof PeerFailedException reported) {
      return "The target reports: " + reported.reason() + ".";
    }
    if (outcome == Outcome.UNKNOWN) {
      return "The target did not report the outcome.";
    }
    return abortSent
        ? "ABORT was sent to the target; its own report has the state of its devices."
        : unreachableTarget(phase);
  }

  private String unreachableTarget(Phase phase) {
    if (connection.isLocal()) {
      return "The target is in this process and ends too; its own report has the state of its devices.";
    }
    String name = "The target (" + connection.peerName() + ")";
    return phase instanceof Phase.PreFlight
        ? name + " resets its devices if it has touched them; its own report has their state."
        : name + " cannot be reached. It aborts once it notices; its own report has the state of its "
            + "devices.";
  }
}
