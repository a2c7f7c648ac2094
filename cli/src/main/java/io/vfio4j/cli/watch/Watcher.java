// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.CommandFailure;
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
  default void moved(MigrationReport report) {
    // Not everybody wants to know.
  }

  /** The target's side is done. */
  default void received(TargetReport report) {
    // Not everybody wants to know.
  }

  /** The state of devices has been saved. */
  default void saved(SaveReport report, Path file) {
    // Not everybody wants to know.
  }

  /** Devices have been given a state that was saved. */
  default void restored(RestoreReport report, Path file) {
    // Not everybody wants to know.
  }

  /**
   * The migration failed.
   *
   * @param cause what the engine says
   * @param failure what the command says
   */
  default void failed(MigrationException cause, CommandFailure failure) {
    // Not everybody wants to know.
  }

  /** As {@link #failed}, of a state that could not be saved. */
  default void notSaved(MigrationException cause, CommandFailure failure) {
    failed(cause, failure);
  }

  /** As {@link #failed}, of a state that could not be restored. */
  default void notRestored(RestoreException cause, CommandFailure failure) {
    // Not everybody wants to know.
  }

  /**
   * The migration has not even begun.
   *
   * @param failure what the command threw
   */
  default void notBegun(Throwable failure) {
    // Not everybody wants to know.
  }

  @Override
  void close();
}
