// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.PausableWorkload;
import io.vfio4j.engine.output.AtomicFile;
import io.vfio4j.engine.ownership.DeviceOutcomes;
import io.vfio4j.engine.ownership.FailedRun;
import io.vfio4j.engine.ownership.GroupRollback;
import io.vfio4j.engine.ownership.OutcomeMessages;
import io.vfio4j.engine.preflight.MigrationContext;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.Exceptions;
import java.util.List;

/**
 * The recovery after a failed save: the devices resume, unless the file already holds the only valid state. The original
 * error is thrown; failures of the recovery are suppressed in it.
 */
final class SaveRecovery {

  private final DeviceGroup group;
  private final AtomicFile file;
  private final PausableWorkload workload;
  private final PhaseTracker tracker;
  private final boolean stop;
  private final boolean noPeerDma;

  SaveRecovery(MigrationContext context, AtomicFile file, boolean stop) {
    this.group = context.group();
    this.workload = context.workload();
    this.tracker = context.tracker();
    this.noPeerDma = context.options().noPeerDma();
    this.file = file;
    this.stop = stop;
  }

  /** Rolls back as far as possible, and returns the exception to throw. */
  MigrationException recover(Throwable cause) {
    FailedRun failed = FailedRun.begin(tracker, cause);
    List<DeviceOutcome> outcomes = DeviceOutcomes.of(group, outcomes(cause));
    Outcome outcome = DeviceOutcomes.worst(outcomes);
    if (outcome.sourceRuns()) {
      workload.tryResume(Side.SOURCE, cause);
    }
    tracker.suppressListenerFailures(cause);
    String fileResult = fileOutcome();
    String message =
        "%s %s %s%s".formatted(failed.message(), OutcomeMessages.of(outcomes),
            fileResult,
            OutcomeMessages.workloadFailure(workload.resumeFailure()));
    return new MigrationException(Side.SOURCE, failed.phase(),
        new MigrationException.Outcomes(outcome, outcomes, fileResult, workload.resumeFailure()), message,
        cause);
  }

  /** A file in its place records that the source was stopped, which must remain true. */
  private List<Outcome> outcomes(Throwable cause) {
    return stop && file.isInPlace()
        ? group.devices().stream().map(_ -> Outcome.SOURCE_STOPPED).toList()
        : new GroupRollback(group, cause, noPeerDma).run();
  }

  private String fileOutcome() {
    return file.isInPlace()
        ? "%s is the new file.".formatted(file.path())
        : "There is no new file %s.".formatted(file.path());
  }

  /** Returns the failure for the case that the file was completed nevertheless. */
  MigrationException withFile(MigrationException failed) {
    String complete = "The state is complete in %s: restore it with vfio4j restore.".formatted(file.path());
    String message = Exceptions.message(failed).replace(failed.targetOutcome(), complete);
    return new MigrationException(failed.side(), failed.phase(), new MigrationException.Outcomes(
        failed.outcome(), failed.devices(), complete, failed.workloadFailure()), message, failed.getCause());
  }
}
