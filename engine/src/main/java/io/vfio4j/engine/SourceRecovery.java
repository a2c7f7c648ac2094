// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.util.List;

/**
 * What the source does when a migration has failed: it takes its devices back, unless it has given them away.
 * The original error always wins; what goes wrong here is suppressed in it.
 */
final class SourceRecovery {

  private final DeviceGroup group;
  private final Link link;
  private final PausableWorkload workload;
  private final Diary diary;
  private final Narrator narrator;
  private final Custody custody;
  private final MigrationOptions options;

  SourceRecovery(DeviceGroup group, Link link, PausableWorkload workload, Diary diary, Narrator narrator,
      Custody custody, MigrationOptions options) {
    this.group = group;
    this.link = link;
    this.workload = workload;
    this.diary = diary;
    this.narrator = narrator;
    this.custody = custody;
    this.options = options;
  }

  /** Puts things in order as far as possible, and returns what to throw. */
  MigrationException recover(Throwable failure) {
    narrator.shield();
    Phase phase = narrator.phase();
    boolean peerMayHaveSaid = FailureOrigin.of(failure) == FailureOrigin.CONNECTION;
    Throwable cause = peerMayHaveSaid ? link.explain(failure) : failure;
    narrator.enter(new Phase.Aborting(Suppression.message(cause)), Suppression.message(cause));
    boolean ours = custody == Custody.SOURCE || isReturned(cause);
    int before = cause.getSuppressed().length;
    List<DeviceFate> fates =
        DeviceFates.of(group,
            ours ? new GroupTakeBack(group, cause, options.noPeerDma()).run() : givenAway());
    Outcome outcome = DeviceFates.worst(fates);
    String why = outcome.sourceRuns() ? "" : Suppression.reasonsOfDevices(cause, before);
    if (outcome.sourceRuns()) {
      resumeWorkload(cause);
    }
    if (ours) {
      diary.note(custody == Custody.SOURCE ? JournalStep.KEPT : JournalStep.RETURNED,
          Suppression.message(cause), cause);
    }
    boolean told =
        custody == Custody.SOURCE && FailureOrigin.of(cause) == FailureOrigin.HERE && tellTarget(cause);
    narrator.suppressMishapsIn(cause);
    String targetFate = targetFate(phase, cause, outcome, told);
    // What the target says is the cause already.
    String further = cause instanceof PeerFailedException ? "" : " " + targetFate;
    String message =
        "%s: %s. %s%s%s%s".formatted(phase.title(), Suppression.message(cause), FateWords.of(fates),
            why.isEmpty() ? "" : " " + why + ".", further,
            FateWords.ofWorkload(workload.resumeFailure()));
    return new MigrationException(Side.SOURCE, phase, outcome, fates, targetFate, workload.resumeFailure(),
        message, cause);
  }

  /** Only this word of the target gives back what was given away. */
  private static boolean isReturned(Throwable cause) {
    return cause instanceof PeerFailedException told && told.kind() == FrameKind.RETURNED;
  }

  private List<Outcome> givenAway() {
    return group.devices().stream().map(_ -> Outcome.UNKNOWN).toList();
  }

  private void resumeWorkload(Throwable cause) {
    try {
      workload.resume(Side.SOURCE);
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
  }

  /** Tells the target to give up, and returns whether that could be sent. */
  private boolean tellTarget(Throwable cause) {
    try {
      link.out().sendText(FrameKind.ABORT, Suppression.message(cause));
      return true;
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
      return false;
    }
  }

  /** Says of the target what is known here: whether its devices can be reset, only the target finds out. */
  private String targetFate(Phase phase, Throwable cause, Outcome outcome, boolean toldTarget) {
    if (cause instanceof PeerFailedException told) {
      return "The target says: " + told.reason() + ".";
    }
    if (outcome == Outcome.UNKNOWN) {
      return "The target did not say what it did with what it was given.";
    }
    return toldTarget
        ? "The target was told to give its devices up; its own report says what became of them."
        : lostTarget(phase);
  }

  private String lostTarget(Phase phase) {
    if (link.isLocal()) {
      return "The target is in this process: it ends too, and its own report says what became of its devices.";
    }
    String name = "The target (" + link.peerName() + ")";
    return phase instanceof Phase.PreFlight
        ? name + " gives its devices up if it has touched them, and its own report says what became of them."
        : name + " cannot be reached: it gives its devices up once it notices, and its own report says what "
            + "became of them.";
  }
}
