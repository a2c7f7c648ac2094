// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.file.SaveReport;
import java.time.Duration;
import java.util.Optional;

/**
 * How long everything stood still before it went on, and why.
 *
 * @param took how long it was
 * @param parts what it consisted of
 * @param predicted what had been predicted for it; empty where nothing was
 * @param memory the memory that was sent or saved, if any
 */
record Downtime(Duration took, DowntimeParts parts, Optional<DowntimeParts> predicted,
    Optional<MigrationReport.MemoryReport> memory) {

  static Downtime of(MigrationReport report) {
    return new Downtime(report.downtime(), report.downtimeParts(), report.predictedParts(), report.memory());
  }

  /** Returns that of devices whose state was saved; empty where they did not go on. */
  static Optional<Downtime> of(SaveReport report) {
    return report.stopped()
        ? Optional.empty()
        : Optional.of(new Downtime(report.downtime(), report.downtimeParts(), report.predictedParts(),
            report.memory()));
  }

  static Optional<Downtime> of(MigrationResult ending) {
    return switch (ending) {
      case MigrationResult.Migrated(MigrationReport report) -> Optional.of(of(report));
      case MigrationResult.Saved(SaveReport report, _) -> of(report);
      case MigrationResult.Received _,MigrationResult.Restored _,MigrationResult.NotStarted _,MigrationResult.Failed _,MigrationResult.RestoreFailed _ ->
        Optional.empty();
    };
  }
}
