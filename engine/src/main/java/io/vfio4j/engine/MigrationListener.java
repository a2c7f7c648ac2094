// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

/**
 * Receives the events of a migration, each in the thread in which it occurs. A {@code LocalMigration} has two
 * such threads, but never calls a listener concurrently. The listener's own time counts towards the
 * migration, downtime included.
 *
 * <p>
 * A listener may abort a migration: an exception before the handover fails it like any other error. From the
 * handover on, and during a recovery, an exception has no effect; it becomes a note in the report, or is
 * suppressed in the migration's exception.
 */
@FunctionalInterface
public interface MigrationListener {

  /** Ignores all events. */
  MigrationListener NONE = event -> {
  };

  /**
   * Called for each event.
   *
   * @param event the event
   */
  void on(MigrationEvent event);
}
