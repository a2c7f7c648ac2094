// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.recover.DeviceStatus.Gone;
import io.vfio4j.cli.recover.DeviceStatus.MigratedLater;
import io.vfio4j.cli.recover.DeviceStatus.Reachable;
import io.vfio4j.cli.recover.DeviceStatus.Unverifiable;
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

  private static final String REASON = "a person's word";

  private final JournaledMigration migration;
  private final JournalIndex journals;
  private final Output output;
  private final boolean fenced;

  /**
   * Prepares a decision.
   *
   * @param all what the journals say
   * @param fenced whether the person vouches that what cannot be checked does not run
   */
  ManualDecision(JournaledMigration migration, JournalIndex all, Output output, boolean fenced) {
    this.migration = migration;
    this.journals = all;
    this.output = output;
    this.fenced = fenced;
  }

  /**
   * Lets the devices run on this side, and records it.
   *
   * @param oracle knows whom a source can ask
   * @return what was recorded
   * @throws CommandException if that cannot be, with {@link ExitCodes#INTERVENTION_REQUIRED}; nothing is recorded then
   */
  JournalStep runHere(OwnershipResolver oracle) throws IOException {
    requireDecidable();
    try (Termination.Registration _ = Termination.guard()) {
      return isSource() ? runAtSource(oracle) : runAtTarget();
    }
  }

  /**
   * Sees to it that the devices do not run on this side, and records it.
   *
   * @return what was recorded
   * @throws CommandException if that cannot be, with {@link ExitCodes#INTERVENTION_REQUIRED}; nothing is recorded then
   */
  JournalStep abandon() throws IOException {
    requireDecidable();
    try (Termination.Registration _ = Termination.guard()) {
      return isSource() ? abandonAtSource() : abandonAtTarget();
    }
  }

  private boolean isSource() {
    return migration.heading().side() == Side.SOURCE;
  }

  private void requireDecidable() throws IOException {
    if (migration.step() == JournalStep.PREPARED) {
      throw new JournalException("migration %s is under way, and there is nothing to decide yet"
          .formatted(migration.migrationId()), null);
    }
  }

  private JournalStep runAtTarget() throws IOException {
    requireNotHeld();
    try (MigrationDevices found = checkDevices()) {
      requireNone(found, found.names(device -> device instanceof Gone || device instanceof Unverifiable
          || DecisionPreview.isUnusable(device)), "all devices have to run here, and these cannot");
      resumeAll(found);
      return record(JournalStep.RUNNING, "all devices are in RUNNING");
    }
  }

  private JournalStep abandonAtTarget() throws IOException {
    try (MigrationDevices found = checkDevices()) {
      if (!fenced || found.list().stream().anyMatch(ManualDecision::isPresent)) {
        requireNotHeld(); // Else no device of it is there, and the person vouches that none runs unseen.
      }
      requireChecked(found);
      requireFenced(found, found.fence(_ -> true), "these may still run here");
      return record(JournalStep.RETURNED, "no device runs here");
    }
  }

  private static boolean isPresent(DeviceStatus device) {
    return switch (device) {
      case Reachable _ -> true;
      case Unverifiable unchecked -> unchecked.isAlive();
      case Gone _,MigratedLater _ -> false;
    };
  }

  /**
   * The process that moved them may still be about to start them, and only it knows them: a server may show another device
   * to each client.
   */
  private void requireNotHeld() throws CommandException {
    if (migration.isHeld()) {
      throw refusal("process %d, which moved them, still runs: end it first"
          .formatted(migration.contents().process().pid()));
    }
  }

  /** The record comes first: until it is there, the target's word may still settle it otherwise. */
  private JournalStep runAtSource(OwnershipResolver oracle) throws IOException {
    Optional<String> objection = oracle.objection(migration.file(), migration.migrationId(), fenced);
    if (objection.isPresent()) {
      throw refusal(objection.get());
    }
    if (migration.isHeld()) {
      return record(JournalStep.RETURNED, "");
    }
    try (MigrationDevices found = checkDevices()) {
      requireNone(found,
          found.names(device -> device instanceof Unverifiable || DecisionPreview.isUnusable(device)),
          "these cannot run here");
      JournalStep step = record(JournalStep.RETURNED, "");
      resumeAll(found);
      return step;
    }
  }

  /** What is stopped is reset only after the record: it may be all there is of the state. */
  private JournalStep abandonAtSource() throws IOException {
    if (migration.isHeld()) {
      return record(JournalStep.ABANDONED, "");
    }
    try (MigrationDevices found = checkDevices()) {
      requireChecked(found);
      requireFenced(found, found.fence(Reachable::mayRun), "these still run here");
      JournalStep step = record(JournalStep.ABANDONED, "no device runs here");
      List<String> left = found.fence(device -> !device.mayRun());
      if (!left.isEmpty()) {
        throw new CommandException(ExitCodes.INTERVENTION_REQUIRED,
            "recorded, but not reset: " + String.join("; ", left), null);
      }
      return step;
    }
  }

  private MigrationDevices checkDevices() {
    MigrationDevices found = MigrationDevices.of(migration, journals, output);
    found.print();
    found.list().forEach(device -> output.result(Json.event("found-device")
        .with("session", migration.migrationId().toString()).with("found", device.json()).build()));
    return found;
  }

  /** What is known to exist is not fenced by a person's word, whatever that is. */
  private void requireChecked(MigrationDevices found) throws CommandException {
    requireNone(found,
        found.names(device -> (device instanceof Unverifiable unchecked && (unchecked.isAlive() || !fenced))
            || (device instanceof MigratedLater && !fenced)),
        "these may run here");
  }

  /** What was reset before another one failed is named: nobody is to say then that all run here. */
  private void requireFenced(MigrationDevices found, List<String> still, String problem)
      throws CommandException {
    String lost = found.discardedNames();
    requireNone(found, String.join("; ", still) + (still.isEmpty() || lost.isEmpty() ? ""
        : "\n  These have been reset, and their state here is lost; do not answer --run-here: " + lost),
        problem);
  }

  private void requireNone(MigrationDevices found, String names, String problem) throws CommandException {
    if (!names.isEmpty()) {
      String unchecked =
          found.describe(device -> device instanceof Unverifiable || device instanceof MigratedLater);
      throw refusal("%s: %s%s".formatted(problem, names, unchecked.isEmpty() ? ""
          : "\n  " + unchecked
              + "\n  End their clients or their servers, then repeat. For what this host cannot check, "
              + "--fenced says that you made\n  sure that it does not run."));
    }
  }

  private void resumeAll(MigrationDevices found) throws CommandException {
    try {
      found.resumeAll();
    } catch (DeviceException e) {
      throw new CommandException(ExitCodes.INTERVENTION_REQUIRED,
          "not all devices run: %s\n  vfio4j recover %s shows each"
              .formatted(ErrorMessages.describe(e), migration.migrationId()),
          e);
    }
  }

  private JournalStep record(JournalStep step, String facts) throws JournalException {
    migration.file().add(step, facts.isEmpty() ? REASON : REASON + "; " + facts);
    return step;
  }

  private CommandException refusal(String why) {
    return new CommandException(ExitCodes.INTERVENTION_REQUIRED,
        "nothing was recorded about migration %s: %s".formatted(migration.migrationId(), why), null);
  }
}
