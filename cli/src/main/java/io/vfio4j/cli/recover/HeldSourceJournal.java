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
 * The journal of devices that a command holds since nobody knows who owns them: what {@code recover} puts down in it,
 * and what the target says when it is asked again and again.
 */
public final class HeldSourceJournal {

  /** So many looks at the journal go by between two questions to the target. */
  private static final int POLLS_PER_QUERY = 5;

  private final JournalFile file;
  private final MigrationId migrationId;
  private final OwnershipResolver resolver;
  private String lastReason = "";
  private int polls;

  HeldSourceJournal(JournalFile file, MigrationId session, OwnershipResolver oracle) {
    this.file = file;
    this.migrationId = session;
    this.resolver = oracle;
  }

  public MigrationId migrationId() {
    return migrationId;
  }

  /** Returns how it was settled, if it is; {@link #lastReason} has what there was to hear otherwise. */
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

  /** Returns what the last question or look brought, for people. */
  String lastReason() {
    return lastReason;
  }

  /**
   * Records that a person wants the devices to run here, if the target does not object.
   *
   * @param fenced whether the person vouches that they do not run at a target that cannot be asked
   * @return what stands against it; nothing was recorded then
   */
  public Optional<String> recordReturn(boolean fenced) throws JournalException {
    Optional<String> objection = resolver.objection(file, migrationId, fenced);
    if (objection.isEmpty()) {
      file.add(JournalStep.RETURNED, "a person's word to the command that holds the devices");
    }
    return objection;
  }
}
