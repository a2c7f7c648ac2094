// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalStep;
import java.util.List;

/**
 * The contents of a journal.
 *
 * @param header the migration and the side
 * @param process the process that ran the side
 * @param records at least one; the first is {@link JournalStep#PREPARED}
 */
public record JournalContents(Journal.Header header, OwnerProcess process, List<JournalRecord> records) {

  /** Copies the list. */
  public JournalContents {
    records = List.copyOf(records);
  }

  /** Returns the last record. */
  public JournalRecord last() {
    return records.getLast();
  }

  /** Returns whether the last record has no successor: the owner of the devices is final here. */
  public boolean isSettled() {
    return last().step().next(header.side()).isEmpty();
  }
}
