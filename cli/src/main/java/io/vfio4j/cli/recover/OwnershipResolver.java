// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.peer.PeerEndpoint;
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
public final class OwnershipResolver {

  private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(5);

  private final StateDirectory state;
  private final Optional<PeerEndpoint> target;

  public OwnershipResolver(StateDirectory state, Optional<PeerEndpoint> target) {
    this.state = state;
    this.target = target;
  }

  /** Tells whether there is anybody to ask about a migration. */
  boolean canQuery(MigrationId session) {
    return target.isPresent() || isTargetLocal(session);
  }

  /** Returns the journal of a migration of which this side is the source. */
  public Optional<HeldSourceJournal> heldSourceJournal(MigrationId session) {
    return state.find(session, Side.SOURCE).map(file -> new HeldSourceJournal(file, session, this));
  }

  private boolean isTargetLocal(MigrationId session) {
    return state.find(session, Side.TARGET).isPresent();
  }

  /**
   * Asks.
   *
   * @throws IOException if nobody answers
   */
  OwnershipAnswer query(MigrationId session) throws IOException {
    if (isTargetLocal(session)) {
      return state.answer(session);
    }
    PeerEndpoint there = target.orElseThrow(() -> new IOException("there is nobody to ask"));
    try (Transport transport = there.connect(QUERY_TIMEOUT)) {
      return OwnershipQuery.query(transport, session, QUERY_TIMEOUT);
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
      answer = query(session);
    } catch (IOException e) {
      String peer = source.read().map(contents -> contents.header().peer()).orElse("the target");
      return unlessFenced(fenced,
          "whether the devices run at %s is not known, for it cannot be asked: %s".formatted(peer,
              ErrorMessages.describe(e)));
    }
    return switch (answer.verdict()) {
      case NOT_COMMITTED -> Optional.empty();
      case COMMITTED -> Optional.of("the devices run at the target: %s".formatted(answer.reason()));
      case UNSURE -> Optional.of("""
          the target took the devices, and they may run there: %s
            Decide at its host: vfio4j recover %s shows each device there, and --give-up resets them before it says \
          so""".formatted(answer.reason(), session));
      case NOT_KNOWN ->
        unlessFenced(fenced, "whether they run at the target is not known: " + answer.reason());
    };
  }

  private static Optional<String> unlessFenced(boolean fenced, String why) {
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
  OwnershipAnswer resolve(JournalFile source, MigrationId session) throws IOException {
    OwnershipAnswer answer = query(session);
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
