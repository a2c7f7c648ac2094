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

/** Determines the owner of devices that a source has handed over, from the target's journal if it is on this host, or by a query. */
public final class OwnershipResolver {

  private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(5);

  private final StateDirectory state;
  private final Optional<PeerEndpoint> target;

  /**
   * Creates a resolver.
   *
   * @param target the peer to query; empty if only the journals of this host can be used
   */
  public OwnershipResolver(StateDirectory state, Optional<PeerEndpoint> target) {
    this.state = state;
    this.target = target;
  }

  /** Returns whether the owner can be queried. */
  boolean canQuery(MigrationId id) {
    return target.isPresent() || isTargetLocal(id);
  }

  /** Returns the journal of a migration whose source is on this host. */
  public Optional<HeldSourceJournal> heldSourceJournal(MigrationId id) {
    return state.find(id, Side.SOURCE).map(file -> new HeldSourceJournal(file, id, this));
  }

  private boolean isTargetLocal(MigrationId id) {
    return state.find(id, Side.TARGET).isPresent();
  }

  /**
   * Queries the target.
   *
   * @throws IOException if it cannot be queried
   */
  OwnershipAnswer query(MigrationId id) throws IOException {
    if (isTargetLocal(id)) {
      return state.answer(id);
    }
    PeerEndpoint peer = target.orElseThrow(() -> new IOException("no address of the target is known"));
    try (Transport transport = peer.connect(QUERY_TIMEOUT)) {
      return OwnershipQuery.query(transport, id, QUERY_TIMEOUT);
    }
  }

  /**
   * Returns the objection to running the devices at the source again: the answer of the target, or that it cannot be queried.
   *
   * @param fenced whether the operator asserts that they do not run at a target that cannot be queried
   */
  Optional<String> objection(JournalFile source, MigrationId id, boolean fenced)
      throws JournalException {
    OwnershipAnswer answer;
    try {
      answer = query(id);
    } catch (IOException e) {
      String name = source.read().map(contents -> contents.header().peer()).orElse("the target");
      return unlessFenced(fenced,
          "whether the devices run at %s is unknown, since it cannot be queried: %s".formatted(name,
              ErrorMessages.describe(e)));
    }
    return switch (answer.verdict()) {
      case NOT_COMMITTED -> Optional.empty();
      case COMMITTED -> Optional.of("the devices run at the target: %s".formatted(answer.reason()));
      case UNSURE -> Optional.of("""
          the target has accepted the devices, and they may be running there: %s
            Decide on its host: vfio4j recover %s shows the devices there, and --abandon resets them, then records \
          the decision""".formatted(answer.reason(), id));
      case NOT_KNOWN ->
        unlessFenced(fenced, "whether they run at the target is unknown: " + answer.reason());
    };
  }

  private static Optional<String> unlessFenced(boolean fenced, String problem) {
    return fenced ? Optional.empty()
        : Optional.of(problem
            + "\n  Query its host with --ask ADDR while vfio4j recover --answer ADDR runs there. If you have verified that "
            + "the host is off\n  or its servers have ended, use --fenced.");
  }

  /**
   * Queries the target, and records an answer that settles the migration in the source's journal.
   *
   * @throws IOException if it cannot be queried, or the journal cannot be written
   */
  OwnershipAnswer resolve(JournalFile source, MigrationId id) throws IOException {
    OwnershipAnswer answer = query(id);
    String reason = "the target reports: " + answer.reason();
    switch (answer.verdict()) {
      case COMMITTED -> source.add(JournalStep.CONFIRMED, reason);
      case NOT_COMMITTED -> source.add(JournalStep.RETURNED, reason);
      case UNSURE, NOT_KNOWN -> {
        // Not settled.
      }
    }
    return answer;
  }
}
