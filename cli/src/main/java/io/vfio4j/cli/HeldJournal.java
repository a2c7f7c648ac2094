// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

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
final class HeldJournal {

  /** So many looks at the journal go by between two questions to the target. */
  private static final int LOOKS_PER_QUESTION = 5;

  private final JournalFile file;
  private final MigrationId session;
  private final TargetOracle oracle;
  private String lastWord = "";
  private int looks;

  HeldJournal(JournalFile file, MigrationId session, TargetOracle oracle) {
    this.file = file;
    this.session = session;
    this.oracle = oracle;
  }

  MigrationId session() {
    return session;
  }

  /** Returns how it was settled, if it is; {@link #lastWord} has what there was to hear otherwise. */
  Optional<JournalStep> look() {
    try {
      if (!isSettled() && looks++ % LOOKS_PER_QUESTION == 0 && oracle.canAsk(session)) {
        lastWord = oracle.settle(file, session).reason();
      }
      return file.read().filter(JournalContents::isSettled).map(contents -> contents.last().step());
    } catch (IOException e) {
      lastWord = String.valueOf(e.getMessage());
      return Optional.empty();
    }
  }

  private boolean isSettled() throws JournalException {
    return file.read().filter(JournalContents::isSettled).isPresent();
  }

  /** Returns what the last question or look brought, for people. */
  String lastWord() {
    return lastWord;
  }

  /**
   * Records that a person wants the devices to run here, if the target does not object.
   *
   * @param fenced whether the person vouches that they do not run at a target that cannot be asked
   * @return what stands against it; nothing was recorded then
   */
  Optional<String> takeBack(boolean fenced) throws JournalException {
    Optional<String> objection = oracle.objection(file, session, fenced);
    if (objection.isEmpty()) {
      file.add(JournalStep.RETURNED, "a person's word to the command that holds the devices");
    }
    return objection;
  }
}
