// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.migration.LocalMigration;

/**
 * Hears what happens in a migration, in the thread of the side that tells. In a {@link LocalMigration}
 * those are two threads, but never both at once. The time that a listener takes is the migration's own,
 * downtime included.
 *
 * <p>
 * A listener may stop a migration: what it throws before the handover undoes it, like any other failure.
 * From the handover on, and while a failed migration is put in order, an exception of a listener changes
 * nothing any more; it becomes a note in the report, or is suppressed in the exception.
 */
@FunctionalInterface
public interface MigrationListener {

  /** Hears nothing. */
  MigrationListener NONE = event -> {
  };

  /**
   * Something happened.
   *
   * @param event what
   */
  void on(MigrationEvent event);
}
