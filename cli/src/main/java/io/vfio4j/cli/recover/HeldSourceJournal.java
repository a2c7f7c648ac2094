// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.engine.JournalException;
import io.vfio4j.engine.JournalStep;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.journal.JournalContents;
import io.vfio4j.engine.journal.JournalFile;
import java.io.IOException;
import java.util.Optional;

/**
 * The journal of devices that a command holds because their owner is unknown. It is settled by {@code recover}, or by the
 * target's answer to periodic queries. Used by one thread.
 */
public final class HeldSourceJournal {

  /** The target is queried at every n-th poll of the journal. */
  private static final int POLLS_PER_QUERY = 5;

  private final JournalFile file;
  private final MigrationId migrationId;
  private final OwnershipResolver resolver;
  private String lastReason = "";
  private int polls;

  HeldSourceJournal(JournalFile file, MigrationId migrationId, OwnershipResolver resolver) {
    this.file = file;
    this.migrationId = migrationId;
    this.resolver = resolver;
  }

  public MigrationId migrationId() {
    return migrationId;
  }

  /** Returns the record that settles the migration, if there is one; else {@link #lastReason} may say why not. */
  public Optional<JournalStep> poll() {
    try {
      if (!isSettled() && polls++ % POLLS_PER_QUERY == 0 && resolver.canQuery(migrationId)) {
        lastReason = resolver.resolve(file, migrationId).reason();
      }
      return file.read().filter(JournalContents::isSettled).map(contents -> contents.last().step());
    } catch (IOException e) {
      lastReason = String.valueOf(e.getMessage());
      return Optional.empty();
    }
  }

  private boolean isSettled() throws JournalException {
    return file.read().filter(JournalContents::isSettled).isPresent();
  }

  /** Returns the result of the last query, or the error of the last poll. */
  String lastReason() {
    return lastReason;
  }

  /**
   * Records the operator's decision to run the devices here, unless the target objects.
   *
   * @param fenced whether the operator asserts that they do not run at a target that cannot be queried
   * @return the objection; nothing was recorded then
   */
  public Optional<String> recordReturn(boolean fenced) throws JournalException {
    Optional<String> objection = resolver.objection(file, migrationId, fenced);
    if (objection.isEmpty()) {
      file.add(JournalStep.RETURNED, "an operator's decision, at the command that holds the devices");
    }
    return objection;
  }
}
