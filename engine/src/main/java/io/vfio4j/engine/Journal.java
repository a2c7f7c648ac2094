// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.List;

/**
 * Where both sides of migrations record who owns the devices, so that the owner can be determined after a
 * process or host has died. {@link io.vfio4j.engine.journal.StateDirectory} stores it in files.
 */
public interface Journal {

  /**
   * The header of a migration's journal.
   *
   * @param migration the migration, the same on both sides
   * @param side the side that writes the journal
   * @param devices the names of this side's devices, in order
   * @param peer address of the other side, for output
   */
  record Header(MigrationId migration, Side side, List<String> devices, String peer) {

    public Header {
      devices = List.copyOf(devices);
    }
  }

  /** The records of one side about one migration. */
  @FunctionalInterface
  interface Entries {

    /**
     * Appends a record. When this method returns, it survives the end of the process, and unless all
     * devices end with this host, that of the host.
     *
     * @param step the record
     * @param reason why, for output
     * @throws JournalException if it cannot be written, or is not a valid successor of the last record, which
     *     another process may have written meanwhile
     */
    void add(JournalStep step, String reason) throws JournalException;
  }

  /**
   * Creates a migration's journal with the record {@link JournalStep#PREPARED}, which is durable when this
   * method returns.
   *
   * @param heading the header
   * @throws JournalException if it cannot be written
   */
  Entries begin(Header heading) throws JournalException;
}
