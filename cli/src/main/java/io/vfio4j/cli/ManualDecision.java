// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.cli.FoundDevice.Answering;
import io.vfio4j.cli.FoundDevice.Gone;
import io.vfio4j.cli.FoundDevice.MovedOn;
import io.vfio4j.cli.FoundDevice.Unchecked;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.Side;
import io.vfio4j.model.DeviceException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Settles a migration by a person's word. Each device is checked first, and brought to where that word is true; only then it
 * is recorded, for on the record the other side lets its devices run.
 */
final class ManualDecision {

  private static final String WORD = "a person's word";

  private final KnownMigration migration;
  private final JournalSurvey all;
  private final Output output;
  private final boolean fenced;

  /**
   * Prepares a decision.
   *
   * @param all what the journals say
   * @param fenced whether the person vouches that what cannot be checked does not run
   */
  ManualDecision(KnownMigration migration, JournalSurvey all, Output output, boolean fenced) {
    this.migration = migration;
    this.all = all;
    this.output = output;
    this.fenced = fenced;
  }

  /**
   * Lets the devices run on this side, and records it.
   *
   * @param oracle knows whom a source can ask
   * @return what was recorded
   * @throws CommandFailure if that cannot be, with {@link ExitCodes#NEEDS_CARE}; nothing is recorded then
   */
  JournalStep runHere(TargetOracle oracle) throws IOException {
    requireDecidable();
    try (Termination.Registration _ = Termination.guard()) {
      return isSource() ? runAtSource(oracle) : runAtTarget();
    }
  }

  /**
   * Sees to it that the devices do not run on this side, and records it.
   *
   * @return what was recorded
   * @throws CommandFailure if that cannot be, with {@link ExitCodes#NEEDS_CARE}; nothing is recorded then
   */
  JournalStep giveUp() throws IOException {
    requireDecidable();
    try (Termination.Registration _ = Termination.guard()) {
      return isSource() ? giveUpAtSource() : giveUpAtTarget();
    }
  }

  private boolean isSource() {
    return migration.heading().side() == Side.SOURCE;
  }

  private void requireDecidable() throws IOException {
    if (migration.step() == JournalStep.PREPARED) {
      throw new JournalException("migration %s is under way, and there is nothing to decide yet"
          .formatted(migration.session()), null);
    }
  }

  private JournalStep runAtTarget() throws IOException {
    requireNotHeld();
    try (FoundDevices found = look()) {
      requireNone(found, found.names(device -> device instanceof Gone || device instanceof Unchecked
          || PossibleAnswers.isUnusable(device)), "all devices have to run here, and these cannot");
      run(found);
      return record(JournalStep.RUNNING, "all devices are in RUNNING");
    }
  }

  private JournalStep giveUpAtTarget() throws IOException {
    try (FoundDevices found = look()) {
      if (!fenced || found.list().stream().anyMatch(ManualDecision::isThere)) {
        requireNotHeld(); // Else no device of it is there, and the person vouches that none runs unseen.
      }
      requireChecked(found);
      requireFenced(found, found.fence(_ -> true), "these may still run here");
      return record(JournalStep.RETURNED, "no device runs here");
    }
  }

  private static boolean isThere(FoundDevice device) {
    return switch (device) {
      case Answering _ -> true;
      case Unchecked unchecked -> unchecked.isAlive();
      case Gone _,MovedOn _ -> false;
    };
  }

  /**
   * The process that moved them may still be about to start them, and only it knows them: a server may show another device
   * to each client.
   */
  private void requireNotHeld() throws CommandFailure {
    if (migration.isHeld()) {
      throw refused("process %d, which moved them, still runs: end it first"
          .formatted(migration.contents().process().pid()));
    }
  }

  /** The record comes first: until it is there, the target's word may still settle it otherwise. */
  private JournalStep runAtSource(TargetOracle oracle) throws IOException {
    Optional<String> objection = oracle.objection(migration.file(), migration.session(), fenced);
    if (objection.isPresent()) {
      throw refused(objection.get());
    }
    if (migration.isHeld()) {
      return record(JournalStep.RETURNED, "");
    }
    try (FoundDevices found = look()) {
      requireNone(found,
          found.names(device -> device instanceof Unchecked || PossibleAnswers.isUnusable(device)),
          "these cannot run here");
      JournalStep step = record(JournalStep.RETURNED, "");
      run(found);
      return step;
    }
  }

  /** What is stopped is reset only after the record: it may be all there is of the state. */
  private JournalStep giveUpAtSource() throws IOException {
    if (migration.isHeld()) {
      return record(JournalStep.ABANDONED, "");
    }
    try (FoundDevices found = look()) {
      requireChecked(found);
      requireFenced(found, found.fence(Answering::mayRun), "these still run here");
      JournalStep step = record(JournalStep.ABANDONED, "no device runs here");
      List<String> left = found.fence(device -> !device.mayRun());
      if (!left.isEmpty()) {
        throw new CommandFailure(ExitCodes.NEEDS_CARE,
            "recorded, but not reset: " + String.join("; ", left), null);
      }
      return step;
    }
  }

  private FoundDevices look() {
    FoundDevices found = FoundDevices.of(migration, all, output);
    found.tell();
    found.list().forEach(device -> output.result(Json.event("found-device")
        .with("session", migration.session().toString()).with("found", device.json()).build()));
    return found;
  }

  /** What is known to exist is not fenced by a person's word, whatever that is. */
  private void requireChecked(FoundDevices found) throws CommandFailure {
    requireNone(found,
        found.names(device -> (device instanceof Unchecked unchecked && (unchecked.isAlive() || !fenced))
            || (device instanceof MovedOn && !fenced)),
        "these may run here");
  }

  /** What was reset before another one failed is named: nobody is to say then that all run here. */
  private void requireFenced(FoundDevices found, List<String> still, String problem) throws CommandFailure {
    String lost = found.lost();
    requireNone(found, String.join("; ", still) + (still.isEmpty() || lost.isEmpty() ? ""
        : "\n  These have been reset, and their state here is lost; do not answer --run-here: " + lost),
        problem);
  }

  private void requireNone(FoundDevices found, String names, String problem) throws CommandFailure {
    if (!names.isEmpty()) {
      String unchecked = found.words(device -> device instanceof Unchecked || device instanceof MovedOn);
      throw refused("%s: %s%s".formatted(problem, names, unchecked.isEmpty() ? ""
          : "\n  " + unchecked
              + "\n  End their clients or their servers, then repeat. For what this host cannot check, "
              + "--fenced says that you made\n  sure that it does not run."));
    }
  }

  private void run(FoundDevices found) throws CommandFailure {
    try {
      found.run();
    } catch (DeviceException e) {
      throw new CommandFailure(ExitCodes.NEEDS_CARE, "not all devices run: %s\n  vfio4j recover %s shows each"
          .formatted(Failures.words(e), migration.session()), e);
    }
  }

  private JournalStep record(JournalStep step, String facts) throws JournalException {
    migration.file().add(step, facts.isEmpty() ? WORD : WORD + "; " + facts);
    return step;
  }

  private CommandFailure refused(String why) {
    return new CommandFailure(ExitCodes.NEEDS_CARE,
        "nothing was recorded about migration %s: %s".formatted(migration.session(), why), null);
  }
}
