// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.util.List;

/**
 * What is done when a state could not be saved: the devices go on, unless the only state that counts is in the file
 * already. The original error always wins; what goes wrong here is suppressed in it.
 */
final class SaveRecovery {

  private final DeviceGroup group;
  private final NewFile file;
  private final PausableWorkload workload;
  private final Narrator narrator;
  private final boolean stop;
  private final boolean noPeerDma;

  SaveRecovery(DeviceGroup group, NewFile file, PausableWorkload workload, Narrator narrator, boolean stop,
      boolean noPeerDma) {
    this.group = group;
    this.file = file;
    this.workload = workload;
    this.narrator = narrator;
    this.stop = stop;
    this.noPeerDma = noPeerDma;
  }

  /** Puts things in order as far as possible, and returns what to throw. */
  MigrationException recover(Throwable cause) {
    narrator.shield();
    Phase phase = narrator.phase();
    narrator.enter(new Phase.Aborting(Suppression.message(cause)), Suppression.message(cause));
    List<DeviceFate> fates = DeviceFates.of(group, outcomes(cause));
    Outcome outcome = DeviceFates.worst(fates);
    if (outcome.sourceRuns()) {
      resumeWorkload(cause);
    }
    narrator.suppressMishapsIn(cause);
    String fileFate = fileFate();
    String message =
        "%s: %s. %s %s%s".formatted(phase.title(), Suppression.message(cause), FateWords.of(fates), fileFate,
            FateWords.ofWorkload(workload.resumeFailure()));
    return new MigrationException(Side.SOURCE, phase, outcome, fates, fileFate, workload.resumeFailure(),
        message,
        cause);
  }

  /** A file that is in place says that its source was stopped, and that has to stay true. */
  private List<Outcome> outcomes(Throwable cause) {
    return stop && file.isInPlace()
        ? group.devices().stream().map(_ -> Outcome.SOURCE_STOPPED).toList()
        : new GroupTakeBack(group, cause, noPeerDma).run();
  }

  private void resumeWorkload(Throwable cause) {
    try {
      workload.resume(Side.SOURCE);
    } catch (IOException | RuntimeException | Error e) {
      Suppression.keep(cause, e);
    }
  }

  private String fileFate() {
    return file.isInPlace()
        ? "%s is the new file.".formatted(file.path())
        : "There is no new file %s.".formatted(file.path());
  }

  /** Returns the same, of a file that was completed all the same. */
  MigrationException withFile(MigrationException failed) {
    String whole = "The state is whole in %s: vfio4j restore gives it to a device.".formatted(file.path());
    String message = Suppression.message(failed).replace(failed.targetFate(), whole);
    return new MigrationException(failed.side(), failed.phase(), failed.outcome(),
        failed.devices(), whole, failed.workloadFailure(), message, failed.getCause());
  }
}
