// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.MigrationException;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.Phase;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.PausableWorkload;
import io.vfio4j.engine.output.AtomicFile;
import io.vfio4j.engine.ownership.DeviceOutcomes;
import io.vfio4j.engine.ownership.GroupRollback;
import io.vfio4j.engine.ownership.OutcomeMessages;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
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

  SaveRecovery(DeviceGroup group, AtomicFile file, PausableWorkload workload, PhaseTracker tracker,
      boolean stop,
      boolean noPeerDma) {
    this.group = group;
    this.file = file;
    this.workload = workload;
    this.tracker = tracker;
    this.stop = stop;
    this.noPeerDma = noPeerDma;
  }

  /** Puts things in order as far as possible, and returns what to throw. */
  MigrationException recover(Throwable cause) {
    tracker.ignoreListenerFailures();
    Phase phase = tracker.phase();
    tracker.enter(new Phase.Aborting(Exceptions.message(cause)), Exceptions.message(cause));
    List<DeviceOutcome> fates = DeviceOutcomes.of(group, outcomes(cause));
    Outcome outcome = DeviceOutcomes.worst(fates);
    if (outcome.sourceRuns()) {
      resumeWorkload(cause);
    }
    tracker.suppressListenerFailures(cause);
    String fileResult = fileOutcome();
    String message =
        "%s: %s. %s %s%s".formatted(phase.title(), Exceptions.message(cause), OutcomeMessages.of(fates),
            fileResult,
            OutcomeMessages.workloadFailure(workload.resumeFailure()));
    return new MigrationException(Side.SOURCE, phase, outcome, fates, fileResult, workload.resumeFailure(),
        message,
        cause);
  }

  /** A file that is in place says that its source was stopped, and that has to stay true. */
  private List<Outcome> outcomes(Throwable cause) {
    return stop && file.isInPlace()
        ? group.devices().stream().map(_ -> Outcome.SOURCE_STOPPED).toList()
        : new GroupRollback(group, cause, noPeerDma).run();
  }

  private void resumeWorkload(Throwable cause) {
    try {
      workload.resume(Side.SOURCE);
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
    }
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
