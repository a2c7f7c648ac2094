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
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Settles who owns the devices of migrations that were cut short, as far as it can be known or somebody says so. */
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
   * Settles what can be known, and tells what is left.
   *
   * @param only this migration, or all
   * @return the exit code
   */
  int settle(OwnershipResolver oracle, Optional<MigrationId> only) throws IOException {
    JournalIndex survey = readJournals(only);
    boolean anyLeft = !survey.unreadable().isEmpty();
    for (JournaledMigration one : survey.findOpen()) {
      anyLeft |= !settle(one, oracle);
    }
    if (survey.findOpen().isEmpty()) {
      output.line("no migration is open in " + state.folder());
    }
    return anyLeft ? ExitCodes.INTERVENTION_REQUIRED : ExitCodes.SUCCESS;
  }

  /**
   * Tells of all migrations, settled ones too.
   *
   * @param only this migration, or all
   * @return the exit code
   */
  int list(Optional<MigrationId> only) throws JournalException {
    JournalIndex survey = readJournals(only);
    for (JournaledMigration one : survey.migrations()) {
      output.line(one.description());
      output.result(one.json());
    }
    if (survey.migrations().isEmpty()) {
      output.line("no migration is known in " + state.folder());
    }
    boolean anyLeft = !survey.unreadable().isEmpty()
        || survey.findOpen().stream().anyMatch(one -> one.step() != JournalStep.PREPARED);
    return anyLeft ? ExitCodes.INTERVENTION_REQUIRED : ExitCodes.SUCCESS;
  }

  /** One journal that cannot be read does not keep the others from being settled. */
  private JournalIndex readJournals(Optional<MigrationId> only) throws JournalException {
    JournalIndex survey = JournalIndex.of(state, only);
    survey.unreadable().forEach(problem -> output.warning(
        "vfio4j: who owns the devices of a migration is not known: " + problem.getMessage()));
    return survey;
  }

  /**
   * Removes the journals of migrations that were settled long ago.
   *
   * @param days so long ago
   * @return the exit code
   */
  int prune(int days) throws JournalException {
    List<Path> removed = state.prune(Instant.now().minus(Duration.ofDays(days)));
    output.line("%d journals of migrations that were settled more than %d days ago were removed from %s"
        .formatted(removed.size(), days, state.folder()));
    output.result(Json.event("pruned").with("files", removed.stream().map(Path::toString).toList())
        .with("days", days).build());
    return ExitCodes.SUCCESS;
  }

  private boolean settle(JournaledMigration one, OwnershipResolver oracle) throws IOException {
    Optional<JournalStep> obvious = one.impliedOutcome();
    if (obvious.isPresent()) {
      one.file().add(obvious.get(), "its process ended before anything was given");
      return applyOutcome(one, obvious.get());
    }
    if (!one.isHandedOver() || !oracle.canQuery(one.migrationId())) {
      reportOpen(one);
      return one.step() == JournalStep.PREPARED; // Under way.
    }
    OwnershipAnswer answer = oracle.resolve(one.file(), one.migrationId());
    output.result(Json.event("answer").with("session", one.migrationId().toString())
        .with("verdict", answer.verdict().name().toLowerCase(Locale.ROOT)).with("reason", answer.reason())
        .build());
    if (answer.verdict() == Verdict.COMMITTED || answer.verdict() == Verdict.NOT_COMMITTED) {
      return applyOutcome(one,
          answer.verdict() == Verdict.COMMITTED ? JournalStep.CONFIRMED : JournalStep.RETURNED);
    }
    reportOpen(one);
    output.warning("vfio4j: the target does not know either: " + answer.reason());
    return false;
  }

  /** Tells of a migration that is open, of each of its devices, and of what each answer of a person would do. */
  private void reportOpen(JournaledMigration one) throws JournalException {
    output.line(one.description());
    if (one.step() == JournalStep.PREPARED || one.isHeld()) {
      output.result(one.json());
      return;
    }
    try (
        MigrationDevices found = MigrationDevices.of(one, JournalIndex.of(state, Optional.empty()), output)) {
      found.print();
      DecisionPreview answers = new DecisionPreview(one, found);
      answers.lines().forEach(output::line);
      JsonObject event = one.json();
      event.add("found", found.json());
      event.add("answers", answers.json());
      output.result(event);
    }
  }

  /**
   * Settles a migration by a person's word, as far as the devices allow it. Where both sides are open here, the word is
   * about the target's devices, and the source's follow.
   *
   * @param runHere whether the devices are to run here, or not
   * @param fenced whether the person vouches for what cannot be checked
   */
  int decide(MigrationId session, boolean runHere, boolean fenced, OwnershipResolver oracle)
      throws IOException {
    JournalIndex survey = readJournals(Optional.of(session));
    JournaledMigration one = survey.findOpen(Side.TARGET).or(() -> survey.findOpen(Side.SOURCE))
        .orElseThrow(() -> new CommandException(ExitCodes.FAILURE,
            "no migration %s is open in %s".formatted(session, state.folder()), null));
    output.line("%s: %s".formatted(session, String.join(", ", one.heading().devices())));
    ManualDecision decision = new ManualDecision(one, readJournals(Optional.empty()), output, fenced);
    reportSettled(one, runHere ? decision.runHere(oracle) : decision.abandon());
    Optional<JournaledMigration> source = one.heading().side() == Side.TARGET
        ? readJournals(Optional.of(session)).findOpen(Side.SOURCE)
        : Optional.empty();
    return source.isEmpty() || settle(source.get(), oracle) ? ExitCodes.SUCCESS
        : ExitCodes.INTERVENTION_REQUIRED;
  }

  /**
   * Lets devices run that stand still since a command died that was taking their state.
   *
   * @return the exit code
   */
  int resume(List<DeviceAddress.VfioUser> devices) throws IOException {
    for (JournaledMigration one : lastMigrationsOf(devices)) {
      if (one.isOwnedByOtherSide()) {
        throw new CommandException(ExitCodes.FAILURE,
            "what %s may hold is an old copy, for by migration %s %s; vfio4j recover --discard DEVICE resets it"
                .formatted(
                    String.join(", ", one.heading().devices()), one.migrationId(),
                    one.describeOutcome(one.step())),
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
  int discard(List<DeviceAddress.VfioUser> devices) throws IOException {
    lastMigrationsOf(devices);
    return stoppedDevices.discardOnRequest(devices) ? ExitCodes.SUCCESS : ExitCodes.FAILURE;
  }

  /**
   * Returns the last migration of each of some devices, where there was any.
   *
   * @throws CommandException if it is not known how one of them ended: then nobody can decide about a device alone
   */
  private List<JournaledMigration> lastMigrationsOf(List<DeviceAddress.VfioUser> devices) throws IOException {
    JournalIndex survey = readJournals(Optional.empty());
    Optional<JournaledMigration> open = devices.stream().flatMap(device -> survey.findOpenOf(device).stream())
        .findFirst();
    if (open.isPresent()) {
      JournaledMigration one = open.get();
      throw new CommandException(ExitCodes.INTERVENTION_REQUIRED,
          "how migration %s of %s ended is not known: settle that first (vfio4j recover %s)".formatted(
              one.migrationId(), String.join(", ", one.heading().devices()), one.migrationId()),
          null);
    }
    return devices.stream().map(survey::lastMigrationOf).flatMap(Optional::stream).toList();
  }

  /** Tells what was settled, and does it to devices that nobody holds but their servers. */
  private boolean applyOutcome(JournaledMigration one, JournalStep step) throws JournalException {
    reportSettled(one, step);
    if (one.isHeld()) {
      return true;
    }
    List<DeviceAddress.VfioUser> devices = devicesNotMovedSince(one);
    boolean source = one.heading().side() == Side.SOURCE;
    return switch (step) {
      case KEPT, RUNNING -> stoppedDevices.resume(devices);
      case RETURNED -> source ? stoppedDevices.resume(devices) : stoppedDevices.discard(devices);
      case CONFIRMED, ABANDONED, REFUSED -> stoppedDevices.discard(devices);
      case PREPARED, GIVEN, COMMITTED -> throw new IllegalArgumentException(step + " settles nothing");
    };
  }

  /** What a device holds that has been in a later migration since is that one's to decide about. */
  private List<DeviceAddress.VfioUser> devicesNotMovedSince(JournaledMigration one) throws JournalException {
    JournalIndex all = JournalIndex.of(state, Optional.empty());
    return one.servedDevices().stream().filter(
        device -> all.lastMigrationOf(device).filter(last -> last.migrationId().equals(one.migrationId()))
            .isPresent())
        .toList();
  }

  private void reportSettled(JournaledMigration one, JournalStep step) {
    output.line("%s: %s: %s".formatted(one.migrationId(), String.join(", ", one.heading().devices()),
        one.describeOutcome(step)));
    output.result(Json.event("settled").with("session", one.migrationId().toString())
        .with("side", one.heading().side().toString()).with("step", step.toString()).build());
  }
}
