// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.util.List;

/**
 * What the target does when a migration has failed: it resets its devices, so that nothing of the state runs
 * here, and tells the source. The original error always wins; what goes wrong here is suppressed in it.
 */
final class TargetRecovery {

  private final DeviceGroup group;
  private final Link link;
  private final Diary diary;
  private final Narrator narrator;
  private final TargetPledge pledge;

  TargetRecovery(DeviceGroup group, Link link, Diary diary, Narrator narrator, TargetPledge pledge) {
    this.group = group;
    this.link = link;
    this.diary = diary;
    this.narrator = narrator;
    this.pledge = pledge;
  }

  /** Puts things in order as far as possible, and returns what to throw. */
  MigrationException recover(Throwable failure) {
    narrator.shield();
    Phase phase = narrator.phase();
    boolean peerMayHaveSaid = FailureOrigin.of(failure) == FailureOrigin.CONNECTION;
    Throwable cause = peerMayHaveSaid ? link.explain(failure) : failure;
    narrator.enter(new Phase.Aborting(Suppression.message(cause)), Suppression.message(cause));
    int before = cause.getSuppressed().length;
    TargetReset.Fate fate = new TargetReset(group, pledge).run(cause);
    String why = Suppression.reasonsOfDevices(cause, before);
    String words = fate.words(group.size()) + (why.isEmpty() ? "" : " (%s)".formatted(why));
    if (fate.surelyNotRunning()) {
      diary.note(JournalStep.RETURNED, Suppression.message(cause) + "; " + words, cause);
    }
    boolean told = tellSource(cause, fate, words);
    narrator.suppressMishapsIn(cause);
    Outcome outcome = outcome(fate, told);
    String message =
        "%s: %s. On the target, %s. %s".formatted(phase.title(), Suppression.message(cause), words,
            sourceFate(outcome));
    return new MigrationException(Side.TARGET, phase, outcome, List.of(), words, message, cause);
  }

  /**
   * Tells the source what it needs to know, unless it is the one who gave up, and whether that could be
   * sent.
   */
  private boolean tellSource(Throwable cause, TargetReset.Fate fate, String words) {
    if (FailureOrigin.of(cause) == FailureOrigin.PEER) {
      return true;
    }
    boolean returns = pledge != TargetPledge.NONE && fate.surelyNotRunning();
    try {
      link.out().sendText(returns ? FrameKind.RETURNED : FrameKind.FAILED,
          Suppression.message(cause) + "; " + words);
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
      return false;
    }
    try {
      link.drain();
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
    return true;
  }

  private Outcome outcome(TargetReset.Fate fate, boolean told) {
    return switch (pledge) {
      case NONE -> fate == TargetReset.Fate.UNTOUCHED ? Outcome.UNTOUCHED : Outcome.SOURCE_RUNNING;
      case LOADED, STARTING -> told && fate.surelyNotRunning() ? Outcome.SOURCE_RUNNING : Outcome.UNKNOWN;
    };
  }

  private static String sourceFate(Outcome outcome) {
    return switch (outcome) {
      case UNKNOWN ->
        "The source may have given its devices away and could not be told otherwise: see what it says, "
            + "and move its devices to RUNNING if it waits.";
      default -> "The source keeps its devices.";
    };
  }
}
