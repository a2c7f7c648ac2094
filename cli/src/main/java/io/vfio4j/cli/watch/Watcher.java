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

/** One way to watch a migration. None may harm it: what goes wrong with watching becomes a warning. */
interface Watcher extends MigrationListener, AutoCloseable {

  /** The source's side is done. */
  default void onMigrated(MigrationReport report) {
    // Not everybody wants to know.
  }

  /** The target's side is done. */
  default void onReceived(TargetReport report) {
    // Not everybody wants to know.
  }

  /** The state of devices has been saved. */
  default void onSaved(SaveReport report, Path file) {
    // Not everybody wants to know.
  }

  /** Devices have been given a state that was saved. */
  default void onRestored(RestoreReport report, Path file) {
    // Not everybody wants to know.
  }

  /**
   * The migration failed.
   *
   * @param cause what the engine says
   * @param failure what the command says
   */
  default void onFailed(MigrationException cause, CommandException failure) {
    // Not everybody wants to know.
  }

  /** As {@link #onFailed}, of a state that could not be saved. */
  default void onSaveFailed(MigrationException cause, CommandException failure) {
    onFailed(cause, failure);
  }

  /** As {@link #onFailed}, of a state that could not be restored. */
  default void onRestoreFailed(RestoreException cause, CommandException failure) {
    // Not everybody wants to know.
  }

  /**
   * The migration has not even begun.
   *
   * @param failure what the command threw
   */
  default void onNotStarted(Throwable failure) {
    // Not everybody wants to know.
  }

  @Override
  void close();
}
