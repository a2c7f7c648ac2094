// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.OwnershipAnswer.Verdict;
import io.vfio4j.engine.Session;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.journal.StateDirectory;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Settles who owns the devices of migrations that were cut short, as far as it can be known or somebody says so. */
final class Recovery {

  private final StateDirectory state;
  private final Output output;

  Recovery(StateDirectory state, Output output) {
    this.state = state;
    this.output = output;
  }

  /**
   * Settles what can be known, and tells what is left.
   *
   * @param only this migration, or all
   * @return the exit code
   */
  int settle(TargetOracle oracle, Optional<Session> only) throws IOException {
    boolean anyLeft = false;
    List<OpenMigration> open = OpenMigration.all(state).stream()
        .filter(one -> only.isEmpty() || one.session().equals(only.get())).toList();
    for (OpenMigration one : open) {
      anyLeft |= !settle(one, oracle);
    }
    if (open.isEmpty()) {
      output.line("no migration is open in " + state.folder());
    }
    return anyLeft ? ExitCodes.NEEDS_CARE : ExitCodes.DONE;
  }

  private boolean settle(OpenMigration one, TargetOracle oracle) throws IOException {
    Optional<JournalStep> obvious = one.obviousEnd();
    if (obvious.isPresent()) {
      one.file().add(obvious.get(), "its process ended before anything was given");
      told(one, obvious.get());
      return true;
    }
    if (!one.isGiven() || !oracle.canAsk(one.session())) {
      output.line(one.text());
      output.result(one.json());
      return one.step() == JournalStep.PREPARED; // Under way.
    }
    OwnershipAnswer answer = oracle.settle(one.file(), one.session());
    output.result(Json.event("answer").with("session", one.session().toString())
        .with("verdict", answer.verdict().name().toLowerCase(Locale.ROOT)).with("reason", answer.reason())
        .build());
    if (answer.verdict() == Verdict.MINE || answer.verdict() == Verdict.NOT_MINE) {
      told(one, answer.verdict() == Verdict.MINE ? JournalStep.CONFIRMED : JournalStep.RETURNED);
      return true;
    }
    output.line(one.text());
    output.warning("vfio4j: the target does not know either: " + answer.reason());
    return false;
  }

  /**
   * Settles a migration by a person's word.
   *
   * @param runHere whether the devices are to run here, or not
   */
  int decide(Session session, boolean runHere) throws IOException {
    OpenMigration one = OpenMigration.all(state).stream().filter(other -> other.session().equals(session))
        .findFirst().orElseThrow(() -> new CommandFailure(ExitCodes.NOT_DONE,
            "no migration %s is open in %s".formatted(session, state.folder()), null));
    JournalStep step = stepFor(one, runHere);
    one.file().add(step, "a person's word");
    told(one, step);
    return ExitCodes.DONE;
  }

  private static JournalStep stepFor(OpenMigration one, boolean runHere) throws JournalException {
    if (one.step() == JournalStep.PREPARED) {
      throw new JournalException("migration %s is under way, and there is nothing to decide yet"
          .formatted(one.session()), null);
    }
    if (one.heading().side() == Side.SOURCE) {
      return runHere ? JournalStep.RETURNED : JournalStep.ABANDONED;
    }
    return runHere ? JournalStep.RUNNING : JournalStep.RETURNED;
  }

  private void told(OpenMigration one, JournalStep step) {
    output.line("%s: %s: %s".formatted(one.session(), String.join(", ", one.heading().devices()),
        consequence(one, step)));
    output.result(Json.event("settled").with("session", one.session().toString())
        .with("side", one.heading().side().toString()).with("step", step.toString()).build());
  }

  private static String consequence(OpenMigration one, JournalStep step) {
    boolean source = one.heading().side() == Side.SOURCE;
    return switch (step) {
      case CONFIRMED -> "they run at the target" + letGo(one);
      case ABANDONED -> "they are not to run here" + letGo(one);
      case KEPT -> "they were never given away";
      case REFUSED -> "they were never taken, and never will be";
      case RUNNING -> "they are the target's";
      default -> source
          ? "they are the source's again" + (one.isHeld()
              ? "; the process that holds them lets them run"
              : "; nobody holds them any more, so see what became of them: vfio4j probe")
          : "they do not run here, and never will";
    };
  }

  private static String letGo(OpenMigration one) {
    return one.isHeld() ? "; the process that holds them here lets go of them" : "";
  }
}
