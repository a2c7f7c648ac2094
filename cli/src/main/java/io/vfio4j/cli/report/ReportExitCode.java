// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.engine.MigrationReport;
import java.util.Optional;

/** The exit code of a command whose work is done. */
public final class ReportExitCode {

  private ReportExitCode() {
  }

  /** Returns the exit code of a migration whose devices run at the target. */
  public static int of(MigrationReport report) {
    return report.releaseFailure().isPresent() ? ExitCodes.INTERVENTION_REQUIRED
        : of(report.workloadFailure());
  }

  /**
   * Returns the exit code if nothing else has failed.
   *
   * @param workloadFailure why the workload did not resume, if so
   */
  public static int of(Optional<String> workloadFailure) {
    return workloadFailure.isPresent() ? ExitCodes.WORKLOAD_PAUSED : ExitCodes.SUCCESS;
  }
}
