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
 * What the source does when a migration has failed: it takes its devices back, unless it has given them away.
 * The original error always wins; what goes wrong here is suppressed in it.
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

  /** Puts things in order as far as possible, and returns what to throw. */
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
    // What the target says is the cause already.
    String extra = cause instanceof PeerFailedException ? "" : " " + targetResult;
    String message =
        "%s %s%s%s%s".formatted(failed.message(), OutcomeMessages.of(outcomes),
            why.isEmpty() ? "" : " " + why + ".", extra,
            OutcomeMessages.workloadFailure(workload.resumeFailure()));
    return new MigrationException(Side.SOURCE, failed.phase(), outcome, outcomes, targetResult,
        workload.resumeFailure(),
        message, cause);
  }

  /** Only this word of the target gives back what was given away. */
  private static boolean isReturnedByTarget(Throwable cause) {
    return cause instanceof PeerFailedException reported && reported.kind() == FrameKind.RETURNED;
  }

  private List<Outcome> unknownOutcomes() {
    return group.devices().stream().map(_ -> Outcome.UNKNOWN).toList();
  }

  /** Tells the target to give up, and returns whether that could be sent. */
  private boolean sendAbort(Throwable cause) {
    try {
      connection.out().sendText(FrameKind.ABORT, Exceptions.message(cause));
      return true;
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
      return false;
    }
  }

  /** Says of the target what is known here: whether its devices can be reset, only the target finds out. */
  private String targetOutcome(Phase phase, Throwable cause, Outcome outcome, boolean abortSent) {
    if (cause instanceof PeerFailedException reported) {
      return "The target says: " + reported.reason() + ".";
    }
    if (outcome == Outcome.UNKNOWN) {
      return "The target did not say what it did with what it was given.";
    }
    return abortSent
        ? "The target was told to give its devices up; its own report says what became of them."
        : unreachableTarget(phase);
  }

  private String unreachableTarget(Phase phase) {
    if (connection.isLocal()) {
      return "The target is in this process: it ends too, and its own report says what became of its devices.";
    }
    String name = "The target (" + connection.peerName() + ")";
    return phase instanceof Phase.PreFlight
        ? name + " gives its devices up if it has touched them, and its own report says what became of them."
        : name + " cannot be reached: it gives its devices up once it notices, and its own report says what "
            + "became of them.";
  }
}
