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

/** How a migration ended. */
sealed interface MigrationResult {

  /** Returns how long it took from the beginning to the end, where there is a report of it. */
  default Optional<Duration> total() {
    return switch (this) {
      case Migrated(MigrationReport report) -> Optional.of(report.total());
      case Received(TargetReport report) -> Optional.of(report.total());
      case Saved(SaveReport report, _) -> Optional.of(report.total());
      case Restored(RestoreReport report, _) -> Optional.of(report.total());
      case NotStarted _,Failed _,RestoreFailed _ -> Optional.empty();
    };
  }

  /** The source has given its devices away. */
  record Migrated(MigrationReport report) implements MigrationResult {
  }

  /** The target has taken them. */
  record Received(TargetReport report) implements MigrationResult {
  }

  /** The state of devices has been saved to a file. */
  record Saved(SaveReport report, Path file) implements MigrationResult {
  }

  /** Devices have been given the state that was saved to a file. */
  record Restored(RestoreReport report, Path file) implements MigrationResult {
  }

  /** It came to nothing before anything was touched: a device could not be opened, or nobody was there. */
  record NotStarted(String words) implements MigrationResult {
  }

  /**
   * It failed.
   *
   * @param other what its fate is told of as well: the target, or the file
   */
  record Failed(MigrationException cause, CommandException failure, String other) implements MigrationResult {
  }

  /** The state could not be restored from a file. */
  record RestoreFailed(RestoreException cause, CommandException failure) implements MigrationResult {
  }
}
