// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.StateDirectory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Resolves the ownership of the devices of interrupted migrations, automatically or by an operator's decision. */
final class JournalRecovery {

  private final StateDirectory state;
  private final Output output;
  private final StoppedDevices stoppedDevices;

  JournalRecovery(StateDirectory state, Output output) {
    this.state = state;
    this.output = output;
    this.stoppedDevices = new StoppedDevices(output);
  }

  /**
   * Settles the migrations that can be resolved automatically, and reports the others.
   *
   * @param only the migration to settle; empty for all
   * @return the exit code
   */
  int settle(OwnershipResolver resolver, Optional<MigrationId> only) throws IOException {
    JournalIndex index = readJournals(only);
    boolean isAnyOpen = !index.unreadable().isEmpty();
    // A target first: its outcome settles the source of the same migration.
    for (JournaledMigration migration : index.findOpen().stream()
        .sorted(Comparator.comparing(open -> open.header().side() == Side.SOURCE)).toList()) {
      isAnyOpen |= !settle(migration, resolver);
    }
    if (index.findOpen().isEmpty()) {
      output.line("no open migrations in " + state.folder());
    }
    return isAnyOpen ? ExitCodes.INTERVENTION_REQUIRED : ExitCodes.SUCCESS;
  }

  /**
   * Lists all migrations, including settled ones.
   *
   * @param only the migration to list; empty for all
   * @return the exit code
   */
  int list(Optional<MigrationId> only) throws JournalException {
    JournalIndex index = readJournals(only);
    for (JournaledMigration migration : index.migrations()) {
      output.line(migration.description());
      output.result(migration.json());
    }
    if (index.migrations().isEmpty()) {
      output.line("no migrations in " + state.folder());
    }
    boolean isAnyOpen = !index.unreadable().isEmpty()
        || index.findOpen().stream().anyMatch(migration -> migration.step() != JournalStep.PREPARED);
    return isAnyOpen ? ExitCodes.INTERVENTION_REQUIRED : ExitCodes.SUCCESS;
  }

  /** Reads the journals. One that cannot be read is only a warning, so that the others can be settled. */
  private JournalIndex readJournals(Optional<MigrationId> only) throws JournalException {
    JournalIndex index = JournalIndex.of(state, only);
    index.unreadable().forEach(problem -> output.warning(
        "the owner of the devices of a migration is unknown: " + problem.getMessage()));
    return index;
  }

  /**
   * Removes the journals of migrations settled at least some days ago.
   *
   * @return the exit code
   */
  int prune(int days) throws JournalException {
    List<Path> removed = state.prune(Instant.now().minus(Duration.ofDays(days)));
    output.line("removed %d journals of migrations settled more than %d days ago from %s"
        .formatted(removed.size(), days, state.folder()));
    output.result(Json.event("pruned").with("files", removed.stream().map(Path::toString).toList())
        .with("days", days).build());
    return ExitCodes.SUCCESS;
  }

  /** Settles a migration if possible, else reports it; returns whether nothing is left to resolve. */
  private boolean settle(JournaledMigration migration, OwnershipResolver resolver) throws IOException {
    Optional<JournalStep> implied = migration.impliedOutcome();
    if (implied.isPresent()) {
      migration.file().add(implied.get(), "its process ended before the handover");
      return applyOutcome(migration, implied.get());
    }
    if (migration.step() == JournalStep.COMMITTED && !migration.isHeld()) {
      Optional<SwapOutcome> swapped = SwapOutcome.find(migration, index(migration), output);
      if (swapped.isPresent()) {
        migration.file().add(swapped.get().step(), swapped.get().reason());
        return applyOutcome(migration, swapped.get().step());
      }
    }
    if (!migration.isHandedOver() || !resolver.canQuery(migration.migrationId())) {
      reportOpen(migration);
      return migration.step() == JournalStep.PREPARED; // In progress.
    }
    OwnershipAnswer answer = resolver.resolve(migration.file(), migration.migrationId());
    output.result(Json.event("answer").with("migration", migration.migrationId().toString())
        .with("verdict", answer.verdict().name().toLowerCase(Locale.ROOT)).with("reason", answer.reason())
        .build());
    if (answer.verdict() == Verdict.COMMITTED || answer.verdict() == Verdict.NOT_COMMITTED) {
      return applyOutcome(migration,
          answer.verdict() == Verdict.COMMITTED ? JournalStep.CONFIRMED : JournalStep.RETURNED);
    }
    reportOpen(migration);
    output.warning("the target does not know the owner either: " + answer.reason());
    return false;
  }

  private JournalIndex index(JournaledMigration migration) throws JournalException {
    return JournalIndex.of(state, Optional.of(migration.migrationId()));
  }

  /** Reports an open migration: each of its devices, and the effect of each decision. */
  private void reportOpen(JournaledMigration migration) throws JournalException {
    output.line(migration.description());
    if (migration.step() == JournalStep.PREPARED || migration.isHeld()) {
      output.result(migration.json());
      return;
    }
    try (MigrationDevices devices =
        MigrationDevices.of(migration, JournalIndex.of(state, Optional.empty()), output)) {
      devices.print();
      DecisionPreview preview = new DecisionPreview(migration, devices);
      preview.lines().forEach(output::line);
      JsonObject event = migration.json();
      event.add("status", devices.json());
      event.add("decisions", preview.json());
      output.result(event);
    }
  }

  /**
   * Settles a migration by an operator's decision, as far as the devices allow it. If both sides are open on this host, the
   * decision is about the target devices, and the source devices follow.
   *
   * @param runHere whether the devices are to run here
   * @param fenced whether the operator asserts that devices that cannot be checked do not run
   * @return the exit code
   */
  int decide(MigrationId id, boolean runHere, boolean fenced, OwnershipResolver resolver)
      throws IOException {
    JournalIndex index = readJournals(Optional.of(id));
    JournaledMigration migration = index.findOpen(Side.TARGET).or(() -> index.findOpen(Side.SOURCE))
        .orElseThrow(() -> new CommandException(ExitCodes.FAILURE,
            "there is no open migration %s in %s".formatted(id, state.folder()), null));
    output.line("%s: %s".formatted(id, String.join(", ", migration.header().devices())));
    Optional<String> objection = SwapOutcome.objection(migration, index, runHere, output);
    if (objection.isPresent()) {
      throw new CommandException(ExitCodes.INTERVENTION_REQUIRED,
          "nothing was recorded for migration %s: %s".formatted(id, objection.get()), null);
    }
    ManualDecision decision = new ManualDecision(migration, readJournals(Optional.empty()), output, fenced);
    reportSettled(migration, runHere ? decision.runHere(resolver) : decision.abandon());
    Optional<JournaledMigration> source = migration.header().side() == Side.TARGET
        ? readJournals(Optional.of(id)).findOpen(Side.SOURCE)
        : Optional.empty();
    return source.isEmpty() || settle(source.get(), resolver) ? ExitCodes.SUCCESS
        : ExitCodes.INTERVENTION_REQUIRED;
  }

  /**
   * Resumes devices left stopped by a command that died while saving their state.
   *
   * @return the exit code
   */
  int resume(List<DeviceAddress> devices) throws IOException {
    for (JournaledMigration migration : lastMigrationsOf(devices)) {
      if (migration.isOwnedByOtherSide()) {
        throw new CommandException(ExitCodes.FAILURE,
            "%s may hold a stale state (migration %s: %s); reset the device with vfio4j recover --discard DEVICE"
                .formatted(String.join(", ", migration.header().devices()), migration.migrationId(),
                    migration.describeOutcome(migration.step())),
            null);
      }
    }
    return stoppedDevices.resume(devices) ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }

  /**
   * Resets such devices instead.
   *
   * @return the exit code
   */
  int discard(List<DeviceAddress> devices) throws IOException {
    lastMigrationsOf(devices);
    return stoppedDevices.discardOnRequest(devices) ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }

  /**
   * Returns the last migrations of devices.
   *
   * @throws CommandException if one of them is open, so that no device of it can be decided about alone
   */
  private List<JournaledMigration> lastMigrationsOf(List<DeviceAddress> devices) throws IOException {
    JournalIndex index = readJournals(Optional.empty());
    Optional<JournaledMigration> open = devices.stream().flatMap(device -> index.findOpenOf(device).stream())
        .findFirst();
    if (open.isPresent()) {
      JournaledMigration migration = open.get();
      throw new CommandException(ExitCodes.INTERVENTION_REQUIRED,
          "migration %s of %s is open: settle it first (vfio4j recover %s)".formatted(
              migration.migrationId(), String.join(", ", migration.header().devices()),
              migration.migrationId()),
          null);
    }
    return devices.stream().map(index::lastMigrationOf).flatMap(Optional::stream).toList();
  }

  /** Reports a settled migration and applies the outcome to devices that no process holds; returns whether that succeeded. */
  private boolean applyOutcome(JournaledMigration migration, JournalStep step) throws JournalException {
    reportSettled(migration, step);
    if (migration.isHeld()) {
      return true;
    }
    List<DeviceAddress> devices = devicesNotMovedSince(migration);
    boolean isSource = migration.header().side() == Side.SOURCE;
    return switch (step) {
      case KEPT, RUNNING -> stoppedDevices.resume(devices);
      case RETURNED -> isSource ? stoppedDevices.resume(devices) : stoppedDevices.discard(devices);
      case CONFIRMED, ABANDONED, REFUSED -> stoppedDevices.discard(devices);
      case PREPARED, GIVEN, COMMITTED ->
        throw new IllegalArgumentException(step + " does not settle a migration");
    };
  }

  /** Returns the devices that were in no later migration, which would decide about their state. */
  private List<DeviceAddress> devicesNotMovedSince(JournaledMigration migration)
      throws JournalException {
    JournalIndex index = JournalIndex.of(state, Optional.empty());
    return migration.servedDevices().stream().filter(device -> index.lastMigrationOf(device)
        .filter(last -> last.migrationId().equals(migration.migrationId())).isPresent())
        .toList();
  }

  private void reportSettled(JournaledMigration migration, JournalStep step) {
    output.line("%s: %s: %s".formatted(migration.migrationId(),
        String.join(", ", migration.header().devices()), migration.describeOutcome(step)));
    output.result(Json.event("settled").with("migration", migration.migrationId().toString())
        .with("side", migration.header().side().toString()).with("step", step.toString()).build());
  }
}
