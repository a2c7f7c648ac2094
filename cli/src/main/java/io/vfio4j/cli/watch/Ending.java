// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.cli.CommandFailure;
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
sealed interface Ending {

  /** Returns how long it took from the beginning to the end, where there is a report of it. */
  default Optional<Duration> total() {
    return switch (this) {
      case Moved(MigrationReport report) -> Optional.of(report.total());
      case Received(TargetReport report) -> Optional.of(report.total());
      case Saved(SaveReport report, _) -> Optional.of(report.total());
      case Restored(RestoreReport report, _) -> Optional.of(report.total());
      case NotBegun _,Failed _,NotRestored _ -> Optional.empty();
    };
  }

  /** The source has given its devices away. */
  record Moved(MigrationReport report) implements Ending {
  }

  /** The target has taken them. */
  record Received(TargetReport report) implements Ending {
  }

  /** The state of devices has been saved to a file. */
  record Saved(SaveReport report, Path file) implements Ending {
  }

  /** Devices have been given the state that was saved to a file. */
  record Restored(RestoreReport report, Path file) implements Ending {
  }

  /** It came to nothing before anything was touched: a device could not be opened, or nobody was there. */
  record NotBegun(String words) implements Ending {
  }

  /**
   * It failed.
   *
   * @param other what its fate is told of as well: the target, or the file
   */
  record Failed(MigrationException cause, CommandFailure failure, String other) implements Ending {
  }

  /** The state could not be restored from a file. */
  record NotRestored(RestoreException cause, CommandFailure failure) implements Ending {
  }
}
