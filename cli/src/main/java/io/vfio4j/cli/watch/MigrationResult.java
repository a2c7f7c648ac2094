// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.file.RestoreException;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The result of a command that migrates, saves or restores. */
sealed interface MigrationResult {

  /** Returns the total duration, if there is a report. */
  default Optional<Duration> total() {
    return switch (this) {
      case Migrated(MigrationReport report) -> Optional.of(report.total());
      case Received(TargetReport report) -> Optional.of(report.total());
      case Saved(SaveReport report, _) -> Optional.of(report.total());
      case Restored(RestoreReport report, _) -> Optional.of(report.total());
      case NotStarted _, Failed _, RestoreFailed _ -> Optional.empty();
    };
  }

  /** The source has handed over its devices. */
  record Migrated(MigrationReport report) implements MigrationResult {
  }

  /** The target has received the devices. */
  record Received(TargetReport report) implements MigrationResult {
  }

  /** The state of the devices was saved to a file. */
  record Saved(SaveReport report, Path file) implements MigrationResult {
  }

  /** A saved state was loaded into the devices. */
  record Restored(RestoreReport report, Path file) implements MigrationResult {
  }

  /** Nothing was touched: a device could not be opened, or the peer could not be reached. */
  record NotStarted(String message) implements MigrationResult {
  }

  /**
   * The migration or the save failed.
   *
   * @param other what the outcome is also reported for: the target or the file
   */
  record Failed(MigrationException cause, CommandException failure, String other) implements MigrationResult {
  }

  /** A saved state could not be restored. */
  record RestoreFailed(RestoreException cause, CommandException failure) implements MigrationResult {
  }
}
