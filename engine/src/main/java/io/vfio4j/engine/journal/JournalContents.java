// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.journal;

import io.vfio4j.engine.Journal;
import io.vfio4j.engine.JournalStep;
import java.util.List;

/**
 * All that a journal says.
 *
 * @param header of which migration, and of which side
 * @param process the process that ran it
 * @param records at least one, the first being {@link JournalStep#PREPARED}
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

  /** Tells whether nothing can follow: who owns the devices is known here for good. */
  public boolean isSettled() {
    return last().step().next(header.side()).isEmpty();
  }
}
