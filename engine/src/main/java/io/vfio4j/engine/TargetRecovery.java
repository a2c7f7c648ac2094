// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Recovery;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

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

  /** What became of a device of the target, from good to bad. */
  private enum Fate {
    UNTOUCHED("was not touched", "were not touched", true),
    RESET("was reset", "were reset", true),
    NOT_RUNNING("could not be reset, but does not run with the state",
        "could not all be reset, but none runs with the state", true),
    UNSURE("could not be reset, and whether it runs is unknown",
        "could not all be reset, and whether they run is unknown", false);

    private final String one;
    private final String several;
    private final boolean surelyNotRunning;

    Fate(String one, String several, boolean surelyNotRunning) {
      this.one = one;
      this.several = several;
      this.surelyNotRunning = surelyNotRunning;
    }

    String words(int devices) {
      return devices == 1 ? "its device " + one : "its devices " + several;
    }
  }

  /** Puts things in order as far as possible, and returns what to throw. */
  MigrationException recover(Throwable failure) {
    narrator.shield();
    Phase phase = narrator.phase();
    boolean peerMayHaveSaid = FailureOrigin.of(failure) == FailureOrigin.CONNECTION;
    Throwable cause = peerMayHaveSaid ? link.explain(failure) : failure;
    narrator.enter(new Phase.Aborting(Words.of(cause)), Words.of(cause));
    Fate fate = resetAll(cause);
    String words = fate.words(group.size());
    if (fate.surelyNotRunning) {
      diary.note(JournalStep.RETURNED, Words.of(cause) + "; " + words, cause);
    }
    boolean told = tellSource(cause, fate, words);
    narrator.suppressMishapsIn(cause);
    Outcome outcome = outcome(fate, told);
    String message = "%s: %s. On the target, %s. %s".formatted(phase.title(), Words.of(cause), words,
        sourceFate(outcome));
    return new MigrationException(Side.TARGET, phase, outcome, List.of(), words, message, cause);
  }

  /** Resets all devices, and returns the fate of the one that fared worst. */
  private Fate resetAll(Throwable cause) {
    List<CompletableFuture<Fate>> calls =
        group.start(device -> device.isHung() ? notReset(device) : reset(device, cause));
    try {
      new Waiting(new CallOff(), Waiting.Look.NOWHERE).await(calls, Waiting.Limit.of(group.arcTimeout()));
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
    group.noteHung(calls);
    Fate worst = Fate.UNTOUCHED;
    for (int i = 0; i < calls.size(); i++) {
      CompletableFuture<Fate> call = calls.get(i);
      Fate fate = call.isDone() && !call.isCompletedExceptionally()
          ? call.resultNow()
          : notReset(group.devices().get(i));
      worst = fate.compareTo(worst) > 0 ? fate : worst;
    }
    return worst;
  }

  private Fate reset(MovedDevice device, Throwable cause) {
    if (!device.isTouched()) {
      return Fate.UNTOUCHED;
    }
    try {
      device.reset("the migration failed; " + Recovery.discarding().reason());
      return Fate.RESET;
    } catch (DeviceException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
      return notReset(device);
    }
  }

  /** Before a device was told to run it got no further than STOP. After that only its own word can tell. */
  private Fate notReset(MovedDevice device) {
    boolean stopped = pledge != TargetPledge.STARTING
        || device.known().filter(state -> !state.isRunning()).isPresent();
    return stopped ? Fate.NOT_RUNNING : Fate.UNSURE;
  }

  /**
   * Tells the source what it needs to know, unless it is the one who gave up, and whether that could be
   * sent.
   */
  private boolean tellSource(Throwable cause, Fate fate, String words) {
    if (FailureOrigin.of(cause) == FailureOrigin.PEER) {
      return true;
    }
    boolean returns = pledge != TargetPledge.NONE && fate.surelyNotRunning;
    try {
      link.out().sendText(returns ? FrameKind.RETURNED : FrameKind.FAILED,
          Words.of(cause) + "; " + words);
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
        "The source may have given its devices away and could not be told otherwise: see what it says, "
            + "and move its devices to RUNNING if it waits.";
      default -> "The source keeps its devices.";
    };
  }
}
