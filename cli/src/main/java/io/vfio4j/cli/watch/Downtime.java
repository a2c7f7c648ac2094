// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.file.SaveReport;
import java.time.Duration;
import java.util.Optional;

/**
 * The downtime of a migration or of a save after which the devices resumed.
 *
 * @param duration its duration
 * @param parts its parts
 * @param predicted the parts predicted; empty if there was no prediction
 * @param memory the memory that was sent or saved, if any
 */
record Downtime(Duration duration, DowntimeParts parts, Optional<DowntimeParts> predicted,
    Optional<MigrationReport.MemoryReport> memory) {

  static Downtime of(MigrationReport report) {
    return new Downtime(report.downtime(), report.downtimeParts(), report.predictedParts(), report.memory());
  }

  /** Returns the downtime of a save; empty if the devices stayed stopped. */
  static Optional<Downtime> of(SaveReport report) {
    return report.stopped()
        ? Optional.empty()
        : Optional.of(new Downtime(report.downtime(), report.downtimeParts(), report.predictedParts(),
            report.memory()));
  }

  static Optional<Downtime> of(MigrationResult result) {
    return switch (result) {
      case MigrationResult.Migrated(MigrationReport report) -> Optional.of(of(report));
      case MigrationResult.Saved(SaveReport report, _) -> of(report);
      case MigrationResult.Received _, MigrationResult.Restored _, MigrationResult.NotStarted _, MigrationResult.Failed _, MigrationResult.RestoreFailed _ ->
        Optional.empty();
    };
  }
}
