// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.OwnershipAnswer;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.journal.JournalFile;
import io.vfio4j.engine.journal.StateDirectory;
import io.vfio4j.engine.migration.OwnershipQuery;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Finds out what a target put down about devices that it was given: here, if its journal is, or by asking it. */
final class TargetOracle {

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final StateDirectory state;
  private final Optional<KnownPeer> target;

  TargetOracle(StateDirectory state, Optional<KnownPeer> target) {
    this.state = state;
    this.target = target;
  }

  /** Tells whether there is anybody to ask about a migration. */
  boolean canAsk(MigrationId session) {
    return target.isPresent() || isHere(session);
  }

  /** Returns the journal of a migration of which this side is the source. */
  Optional<HeldJournal> held(MigrationId session) {
    return state.find(session, Side.SOURCE).map(file -> new HeldJournal(file, session, this));
  }

  private boolean isHere(MigrationId session) {
    return state.find(session, Side.TARGET).isPresent();
  }

  /**
   * Asks.
   *
   * @throws IOException if nobody answers
   */
  OwnershipAnswer ask(MigrationId session) throws IOException {
    if (isHere(session)) {
      return state.answer(session);
    }
    KnownPeer there = target.orElseThrow(() -> new IOException("there is nobody to ask"));
    try (Transport transport = there.connect(PATIENCE)) {
      return OwnershipQuery.query(transport, session, PATIENCE);
    }
  }

  /**
   * Returns what stands against a person's word that the source's devices are to run again: whatever the target says that
   * can be asked, or that it cannot be asked.
   *
   * @param fenced whether the person vouches that they do not run at a target that cannot be asked
   */
  Optional<String> objection(JournalFile source, MigrationId session, boolean fenced)
      throws JournalException {
    OwnershipAnswer answer;
    try {
      answer = ask(session);
    } catch (IOException e) {
      String peer = source.read().map(contents -> contents.header().peer()).orElse("the target");
      return unless(fenced,
          "whether the devices run at %s is not known, for it cannot be asked: %s".formatted(peer,
              Failures.words(e)));
    }
    return switch (answer.verdict()) {
      case NOT_COMMITTED -> Optional.empty();
      case COMMITTED -> Optional.of("the devices run at the target: %s".formatted(answer.reason()));
      case UNSURE -> Optional.of("""
          the target took the devices, and they may run there: %s
            Decide at its host: vfio4j recover %s shows each device there, and --give-up resets them before it says \
          so""".formatted(answer.reason(), session));
      case NOT_KNOWN -> unless(fenced, "whether they run at the target is not known: " + answer.reason());
    };
  }

  private static Optional<String> unless(boolean fenced, String why) {
    return fenced ? Optional.empty()
        : Optional.of(why
            + "\n  Ask its host with --ask ADDR, where vfio4j recover --answer ADDR runs. If that host is off "
            + "or its servers have\n  ended, and you made sure of that, --fenced says so.");
  }

  /**
   * Asks, and puts an answer that settles it down at the source.
   *
   * @throws IOException if nobody answers, or the journal cannot be written
   */
  OwnershipAnswer settle(JournalFile source, MigrationId session) throws IOException {
    OwnershipAnswer answer = ask(session);
    String reason = "the target says: " + answer.reason();
    switch (answer.verdict()) {
      case COMMITTED -> source.add(JournalStep.CONFIRMED, reason);
      case NOT_COMMITTED -> source.add(JournalStep.RETURNED, reason);
      case UNSURE, NOT_KNOWN -> {
        // Nothing that could be put down.
      }
    }
    return answer;
  }
}
