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
 * Settles a migration by an operator's decision. The devices are checked and brought into the state that the decision claims
 * before it is recorded, since the other side runs its devices because of the record.
 */
final class ManualDecision {

  private static final String REASON = "an operator's decision";

  private final JournaledMigration migration;
  private final JournalIndex journals;
  private final Output output;
  private final boolean fenced;

  /**
   * Prepares a decision.
   *
   * @param journals all journals of this host
   * @param fenced whether the operator asserts that devices that cannot be checked do not run
   */
  ManualDecision(JournaledMigration migration, JournalIndex journals, Output output, boolean fenced) {
    this.migration = migration;
    this.journals = journals;
    this.output = output;
    this.fenced = fenced;
  }

  /**
   * Runs the devices on this side, and records it.
   *
   * @param resolver queries the target of a source
   * @return the step recorded
   * @throws CommandException with {@link ExitCodes#INTERVENTION_REQUIRED} if it is refused; nothing is recorded then
   */
  JournalStep runHere(OwnershipResolver resolver) throws IOException {
    requireDecidable();
    try (Termination.Registration _ = Termination.guard()) {
      return isSource() ? runAtSource(resolver) : runAtTarget();
    }
  }

  /**
   * Ensures that the devices do not run on this side, and records it.
   *
   * @return the step recorded
   * @throws CommandException with {@link ExitCodes#INTERVENTION_REQUIRED} if it is refused; nothing is recorded then
   */
  JournalStep abandon() throws IOException {
    requireDecidable();
    try (Termination.Registration _ = Termination.guard()) {
      return isSource() ? abandonAtSource() : abandonAtTarget();
    }
  }

  private boolean isSource() {
    return migration.header().side() == Side.SOURCE;
  }

  private void requireDecidable() throws IOException {
    if (migration.step() == JournalStep.PREPARED) {
      throw new JournalException("migration %s is in progress; there is nothing to decide yet"
          .formatted(migration.migrationId()), null);
    }
  }

  private JournalStep runAtTarget() throws IOException {
    requireNotHeld();
    try (MigrationDevices devices = checkDevices()) {
      requireNone(devices, devices.names(device -> device instanceof Gone || device instanceof Unverifiable
          || DecisionPreview.isUnusable(device)), "all devices must run here, and these cannot");
      resumeAll(devices);
      return record(JournalStep.RUNNING, "all devices are in RUNNING");
    }
  }

  private JournalStep abandonAtTarget() throws IOException {
    try (MigrationDevices devices = checkDevices()) {
      if (!fenced || devices.list().stream().anyMatch(ManualDecision::isPresent)) {
        requireNotHeld(); // Otherwise no device is reachable, and the operator asserts that none runs.
      }
      requireChecked(devices);
      requireFenced(devices, devices.fence(_ -> true), "these devices may still be running here");
      return record(JournalStep.RETURNED, "no device runs here");
    }
  }

  private static boolean isPresent(DeviceStatus device) {
    return switch (device) {
      case Reachable _ -> true;
      case Unverifiable unverifiable -> unverifiable.isAlive();
      case Gone _, MigratedLater _ -> false;
    };
  }

  /**
   * Refuses while the migrating process runs. It may be about to start the devices, and only it can see them if the server
   * creates a device for each client.
   */
  private void requireNotHeld() throws CommandException {
    if (migration.isHeld()) {
      throw refusal("process %d, which is migrating the devices, is still running: end it first"
          .formatted(migration.contents().process().pid()));
    }
  }

  /** Records the decision before resuming: until then an answer of the target could settle the migration otherwise. */
  private JournalStep runAtSource(OwnershipResolver resolver) throws IOException {
    Optional<String> objection = resolver.objection(migration.file(), migration.migrationId(), fenced);
    if (objection.isPresent()) {
      throw refusal(objection.get());
    }
    if (migration.isHeld()) {
      return record(JournalStep.RETURNED, "");
    }
    try (MigrationDevices devices = checkDevices()) {
      requireNone(devices,
          devices.names(device -> device instanceof Unverifiable || DecisionPreview.isUnusable(device)),
          "these devices cannot run here");
      JournalStep step = record(JournalStep.RETURNED, "");
      resumeAll(devices);
      return step;
    }
  }

  /** Resets stopped devices only after the record, since they may hold the only copy of the state. */
  private JournalStep abandonAtSource() throws IOException {
    if (migration.isHeld()) {
      return record(JournalStep.ABANDONED, "");
    }
    try (MigrationDevices devices = checkDevices()) {
      requireChecked(devices);
      requireFenced(devices, devices.fence(Reachable::mayRun), "these devices are still running here");
      JournalStep step = record(JournalStep.ABANDONED, "no device runs here");
      List<String> notReset = devices.fence(device -> !device.mayRun());
      if (!notReset.isEmpty()) {
        throw new CommandException(ExitCodes.INTERVENTION_REQUIRED,
            "the decision was recorded, but these devices were not reset: " + String.join("; ", notReset),
            null);
      }
      return step;
    }
  }

  private MigrationDevices checkDevices() {
    MigrationDevices devices = MigrationDevices.of(migration, journals, output);
    devices.print();
    devices.list().forEach(device -> output.result(Json.event("device-status")
        .with("migration", migration.migrationId().toString()).with("status", device.json()).build()));
    return devices;
  }

  /** Refuses for devices that may run. --fenced does not apply to a device that is known to exist. */
  private void requireChecked(MigrationDevices devices) throws CommandException {
    requireNone(devices,
        devices.names(
            device -> (device instanceof Unverifiable unverifiable && (unverifiable.isAlive() || !fenced))
                || (device instanceof MigratedLater && !fenced)),
        "these devices may be running here");
  }

  /** Refuses if fencing failed, and names the devices already reset, which can no longer run here. */
  private void requireFenced(MigrationDevices devices, List<String> problems, String message)
      throws CommandException {
    String lost = devices.discardedNames();
    requireNone(devices, String.join("; ", problems) + (problems.isEmpty() || lost.isEmpty() ? ""
        : "\n  These devices have been reset and have lost their state; do not use --run-here: " + lost),
        message);
  }

  private void requireNone(MigrationDevices devices, String names, String problem) throws CommandException {
    if (!names.isEmpty()) {
      String unverified =
          devices.describe(device -> device instanceof Unverifiable || device instanceof MigratedLater);
      throw refusal("%s: %s%s".formatted(problem, names, unverified.isEmpty() ? ""
          : "\n  " + unverified
              + "\n  Stop their clients or servers and repeat. Use --fenced for devices that this host cannot check, "
              + "once you have verified\n  that they do not run."));
    }
  }

  private void resumeAll(MigrationDevices devices) throws CommandException {
    try {
      devices.resumeAll();
    } catch (DeviceException e) {
      throw new CommandException(ExitCodes.INTERVENTION_REQUIRED,
          "not all devices run: %s\n  see: vfio4j recover %s"
              .formatted(ErrorMessages.describe(e), migration.migrationId()),
          e);
    }
  }

  private JournalStep record(JournalStep step, String detail) throws JournalException {
    migration.file().add(step, detail.isEmpty() ? REASON : REASON + "; " + detail);
    return step;
  }

  private CommandException refusal(String reason) {
    return new CommandException(ExitCodes.INTERVENTION_REQUIRED,
        "nothing was recorded for migration %s: %s".formatted(migration.migrationId(), reason), null);
  }
}
