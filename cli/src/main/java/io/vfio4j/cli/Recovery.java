// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
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
final class Recovery {

  private final StateDirectory state;
  private final Output output;
  private final LeftDevices left;

  Recovery(StateDirectory state, Output output) {
    this.state = state;
    this.output = output;
    this.left = new LeftDevices(output);
  }

  /**
   * Settles what can be known, and tells what is left.
   *
   * @param only this migration, or all
   * @return the exit code
   */
  int settle(TargetOracle oracle, Optional<MigrationId> only) throws IOException {
    JournalSurvey survey = survey(only);
    boolean anyLeft = !survey.unreadable().isEmpty();
    for (KnownMigration one : survey.open()) {
      anyLeft |= !settle(one, oracle);
    }
    if (survey.open().isEmpty()) {
      output.line("no migration is open in " + state.folder());
    }
    return anyLeft ? ExitCodes.NEEDS_CARE : ExitCodes.DONE;
  }

  /**
   * Tells of all migrations, settled ones too.
   *
   * @param only this migration, or all
   * @return the exit code
   */
  int list(Optional<MigrationId> only) throws JournalException {
    JournalSurvey survey = survey(only);
    for (KnownMigration one : survey.known()) {
      output.line(one.text());
      output.result(one.json());
    }
    if (survey.known().isEmpty()) {
      output.line("no migration is known in " + state.folder());
    }
    boolean anyLeft = !survey.unreadable().isEmpty()
        || survey.open().stream().anyMatch(one -> one.step() != JournalStep.PREPARED);
    return anyLeft ? ExitCodes.NEEDS_CARE : ExitCodes.DONE;
  }

  /** One journal that cannot be read does not keep the others from being settled. */
  private JournalSurvey survey(Optional<MigrationId> only) throws JournalException {
    JournalSurvey survey = JournalSurvey.of(state, only);
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
    return ExitCodes.DONE;
  }

  private boolean settle(KnownMigration one, TargetOracle oracle) throws IOException {
    Optional<JournalStep> obvious = one.obviousEnd();
    if (obvious.isPresent()) {
      one.file().add(obvious.get(), "its process ended before anything was given");
      return carryOut(one, obvious.get());
    }
    if (!one.isGiven() || !oracle.canAsk(one.session())) {
      tellOpen(one);
      return one.step() == JournalStep.PREPARED; // Under way.
    }
    OwnershipAnswer answer = oracle.settle(one.file(), one.session());
    output.result(Json.event("answer").with("session", one.session().toString())
        .with("verdict", answer.verdict().name().toLowerCase(Locale.ROOT)).with("reason", answer.reason())
        .build());
    if (answer.verdict() == Verdict.COMMITTED || answer.verdict() == Verdict.NOT_COMMITTED) {
      return carryOut(one,
          answer.verdict() == Verdict.COMMITTED ? JournalStep.CONFIRMED : JournalStep.RETURNED);
    }
    tellOpen(one);
    output.warning("vfio4j: the target does not know either: " + answer.reason());
    return false;
  }

  /** Tells of a migration that is open, of each of its devices, and of what each answer of a person would do. */
  private void tellOpen(KnownMigration one) throws JournalException {
    output.line(one.text());
    if (one.step() == JournalStep.PREPARED || one.isHeld()) {
      output.result(one.json());
      return;
    }
    try (FoundDevices found = FoundDevices.of(one, JournalSurvey.of(state, Optional.empty()), output)) {
      found.tell();
      PossibleAnswers answers = new PossibleAnswers(one, found);
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
  int decide(MigrationId session, boolean runHere, boolean fenced, TargetOracle oracle) throws IOException {
    JournalSurvey survey = survey(Optional.of(session));
    KnownMigration one = survey.open(Side.TARGET).or(() -> survey.open(Side.SOURCE))
        .orElseThrow(() -> new CommandFailure(ExitCodes.NOT_DONE,
            "no migration %s is open in %s".formatted(session, state.folder()), null));
    output.line("%s: %s".formatted(session, String.join(", ", one.heading().devices())));
    ManualDecision decision = new ManualDecision(one, survey(Optional.empty()), output, fenced);
    told(one, runHere ? decision.runHere(oracle) : decision.giveUp());
    Optional<KnownMigration> source = one.heading().side() == Side.TARGET
        ? survey(Optional.of(session)).open(Side.SOURCE)
        : Optional.empty();
    return source.isEmpty() || settle(source.get(), oracle) ? ExitCodes.DONE : ExitCodes.NEEDS_CARE;
  }

  /**
   * Lets devices run that stand still since a command died that was taking their state.
   *
   * @return the exit code
   */
  int resume(List<DeviceAddress.VfioUser> devices) throws IOException {
    for (KnownMigration one : lastOf(devices)) {
      if (one.isElsewhere()) {
        throw new CommandFailure(ExitCodes.NOT_DONE,
            "what %s may hold is an old copy, for by migration %s %s; vfio4j recover --discard DEVICE resets it"
                .formatted(
                    String.join(", ", one.heading().devices()), one.session(), one.consequence(one.step())),
            null);
      }
    }
    return left.resume(devices) ? ExitCodes.DONE : ExitCodes.NOT_DONE;
  }

  /**
   * Resets such devices instead.
   *
   * @return the exit code
   */
  int discard(List<DeviceAddress.VfioUser> devices) throws IOException {
    lastOf(devices);
    return left.discardAsTold(devices) ? ExitCodes.DONE : ExitCodes.NOT_DONE;
  }

  /**
   * Returns the last migration of each of some devices, where there was any.
   *
   * @throws CommandFailure if it is not known how one of them ended: then nobody can decide about a device alone
   */
  private List<KnownMigration> lastOf(List<DeviceAddress.VfioUser> devices) throws IOException {
    JournalSurvey survey = survey(Optional.empty());
    Optional<KnownMigration> open = devices.stream().flatMap(device -> survey.openOf(device).stream())
        .findFirst();
    if (open.isPresent()) {
      KnownMigration one = open.get();
      throw new CommandFailure(ExitCodes.NEEDS_CARE,
          "how migration %s of %s ended is not known: settle that first (vfio4j recover %s)".formatted(
              one.session(), String.join(", ", one.heading().devices()), one.session()),
          null);
    }
    return devices.stream().map(survey::lastOf).flatMap(Optional::stream).toList();
  }

  /** Tells what was settled, and does it to devices that nobody holds but their servers. */
  private boolean carryOut(KnownMigration one, JournalStep step) throws JournalException {
    told(one, step);
    if (one.isHeld()) {
      return true;
    }
    List<DeviceAddress.VfioUser> devices = notMovedSince(one);
    boolean source = one.heading().side() == Side.SOURCE;
    return switch (step) {
      case KEPT, RUNNING -> left.resume(devices);
      case RETURNED -> source ? left.resume(devices) : left.discard(devices);
      case CONFIRMED, ABANDONED, REFUSED -> left.discard(devices);
      case PREPARED, GIVEN, COMMITTED -> throw new IllegalArgumentException(step + " settles nothing");
    };
  }

  /** What a device holds that has been in a later migration since is that one's to decide about. */
  private List<DeviceAddress.VfioUser> notMovedSince(KnownMigration one) throws JournalException {
    JournalSurvey all = JournalSurvey.of(state, Optional.empty());
    return one.servedDevices().stream().filter(
        device -> all.lastOf(device).filter(last -> last.session().equals(one.session())).isPresent())
        .toList();
  }

  private void told(KnownMigration one, JournalStep step) {
    output.line("%s: %s: %s".formatted(one.session(), String.join(", ", one.heading().devices()),
        one.consequence(step)));
    output.result(Json.event("settled").with("session", one.session().toString())
        .with("side", one.heading().side().toString()).with("step", step.toString()).build());
  }
}
