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
 * What is done when a state could not be saved: the devices go on, unless the only state that counts is in the file
 * already. The original error always wins; what goes wrong here is suppressed in it.
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

  /** Puts things in order as far as possible, and returns what to throw. */
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
    return new MigrationException(Side.SOURCE, failed.phase(), outcome, outcomes, fileResult,
        workload.resumeFailure(),
        message,
        cause);
  }

  /** A file that is in place says that its source was stopped, and that has to stay true. */
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

  /** Returns the same, of a file that was completed all the same. */
  MigrationException withFile(MigrationException failed) {
    String whole = "The state is whole in %s: vfio4j restore gives it to a device.".formatted(file.path());
    String message = Exceptions.message(failed).replace(failed.targetOutcome(), whole);
    return new MigrationException(failed.side(), failed.phase(), failed.outcome(),
        failed.devices(), whole, failed.workloadFailure(), message, failed.getCause());
  }
}
