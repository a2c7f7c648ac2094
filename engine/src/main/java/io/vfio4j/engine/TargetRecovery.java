// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Recovery;
import java.io.IOException;

/**
 * What the target does when a migration has failed: it resets its device, so that nothing of the state runs
 * here, and tells the source. The original error always wins; what goes wrong here is suppressed in it.
 */
final class TargetRecovery {

  private final MovedDevice device;
  private final Link link;
  private final Narrator narrator;
  private final TargetPledge pledge;

  TargetRecovery(MovedDevice device, Link link, Narrator narrator, TargetPledge pledge) {
    this.device = device;
    this.link = link;
    this.narrator = narrator;
    this.pledge = pledge;
  }

  /** What became of the target's device. */
  private enum Fate {
    UNTOUCHED("its device was not touched", true),
    RESET("its device was reset", true),
    NOT_RUNNING("its device could not be reset, but does not run with the state", true),
    UNSURE("its device could not be reset, and whether it runs is unknown", false);

    private final String words;
    private final boolean surelyNotRunning;

    Fate(String words, boolean surelyNotRunning) {
      this.words = words;
      this.surelyNotRunning = surelyNotRunning;
    }
  }

  /** Puts things in order as far as possible, and returns what to throw. */
  MigrationException recover(Throwable failure) {
    narrator.shield();
    Phase phase = narrator.phase();
    boolean peerMayHaveSaid = FailureOrigin.of(failure) == FailureOrigin.CONNECTION;
    Throwable cause = peerMayHaveSaid ? link.explain(failure) : failure;
    narrator.enter(new Phase.Aborting(Words.of(cause)), Words.of(cause));
    Fate fate = reset(cause);
    boolean told = tellSource(cause, fate);
    narrator.suppressMishapsIn(cause);
    Outcome outcome = outcome(fate, told);
    String message = "%s: %s. On the target, %s. %s".formatted(phase.title(), Words.of(cause), fate.words,
        sourceFate(outcome));
    return new MigrationException(Side.TARGET, phase, outcome, null, fate.words, message, cause);
  }

  private Fate reset(Throwable cause) {
    if (!device.isTouched()) {
      return Fate.UNTOUCHED;
    }
    try {
      device.reset("the migration failed; " + Recovery.discarding().reason());
      return Fate.RESET;
    } catch (DeviceException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
    // Before it was told to run it got no further than STOP. After that only its own word can tell.
    boolean stopped = pledge != TargetPledge.STARTING
        || device.known().filter(state -> !state.isRunning()).isPresent();
    return stopped ? Fate.NOT_RUNNING : Fate.UNSURE;
  }

  /**
   * Tells the source what it needs to know, unless it is the one who gave up, and whether that could be
   * sent.
   */
  private boolean tellSource(Throwable cause, Fate fate) {
    if (FailureOrigin.of(cause) == FailureOrigin.PEER) {
      return true;
    }
    boolean returns = pledge != TargetPledge.NONE && fate.surelyNotRunning;
    try {
      link.out().sendText(returns ? FrameKind.RETURNED : FrameKind.FAILED,
          Words.of(cause) + "; " + fate.words);
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

  private Outcome outcome(Fate fate, boolean told) {
    return switch (pledge) {
      case NONE -> fate == Fate.UNTOUCHED ? Outcome.UNTOUCHED : Outcome.SOURCE_RUNNING;
      case LOADED, STARTING -> told && fate.surelyNotRunning ? Outcome.SOURCE_RUNNING : Outcome.UNKNOWN;
    };
  }

  private static String sourceFate(Outcome outcome) {
    return switch (outcome) {
      case UNKNOWN ->
        "The source may have given its device away and could not be told otherwise: see what it says, "
            + "and move its device to RUNNING if it waits.";
      default -> "The source keeps its device.";
    };
  }
}
