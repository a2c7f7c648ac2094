// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.List;

/**
 * Where the sides of migrations put down who owns the devices, so that it can be found out when a process, or a host,
 * has died in between. {@link io.vfio4j.engine.journal.StateDirectory} keeps it in files.
 */
public interface Journal {

  /**
   * What a migration's journal begins with.
   *
   * @param migration the migration; both sides have the same
   * @param side whose journal this is
   * @param devices the names of this side's devices, in their order
   * @param peer where the other side is, for people
   */
  record Header(MigrationId migration, Side side, List<String> devices, String peer) {

    /** Copies the list. */
    public Header {
      devices = List.copyOf(devices);
    }
  }

  /** What a side has put down about one migration. */
  @FunctionalInterface
  interface Entries {

    /**
     * Adds a record, which outlives this process and the system once this returns.
     *
     * @param step what
     * @param reason why, for people
     * @throws JournalException if it cannot be written, or may not follow what is there: somebody else may have put
     *     down something meanwhile
     */
    void add(JournalStep step, String reason) throws JournalException;
  }

  /**
   * Begins a migration's journal with {@link JournalStep#PREPARED}, which outlives this process and the system once
   * this returns.
   *
   * @param heading of what
   * @throws JournalException if it cannot be written
   */
  Entries begin(Header heading) throws JournalException;
}
