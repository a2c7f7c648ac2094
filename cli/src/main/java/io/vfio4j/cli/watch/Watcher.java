// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationListener;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import java.nio.file.Path;

/** Receives the events and the result of a migration. Its failures are only warnings. */
interface Watcher extends MigrationListener, AutoCloseable {

  /** The source has completed the migration. */
  default void onMigrated(MigrationReport report) {
    // Ignored by default.
  }

  /** The target has completed the migration. */
  default void onReceived(TargetReport report) {
    // Ignored by default.
  }

  /** The state of the devices was saved. */
  default void onSaved(SaveReport report, Path file) {
    // Ignored by default.
  }

  /** A saved state was restored. */
  default void onRestored(RestoreReport report, Path file) {
    // Ignored by default.
  }

  /**
   * The migration failed.
   *
   * @param cause the failure that the engine reports
   * @param failure the failure that the command reports
   */
  default void onFailed(MigrationException cause, CommandException failure) {
    // Ignored by default.
  }

  /** Saving failed; see {@link #onFailed}. */
  default void onSaveFailed(MigrationException cause, CommandException failure) {
    onFailed(cause, failure);
  }

  /** Restoring failed; see {@link #onFailed}. */
  default void onRestoreFailed(RestoreException cause, CommandException failure) {
    // Ignored by default.
  }

  /**
   * The command failed before the migration started.
   *
   * @param failure the exception of the command
   */
  default void onNotStarted(Throwable failure) {
    // Ignored by default.
  }

  @Override
  void close();
}
