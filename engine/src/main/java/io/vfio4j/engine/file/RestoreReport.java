// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.SavedState;
import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;

/**
 * The report of a successful restore. The devices run.
 *
 * @param devices the restored devices
 * @param state the contents of the file
 * @param total the duration of the whole restore
 * @param phases the duration of each phase, in order
 * @param summary bytes and times
 * @param notes failures without consequences, for the user
 */
public record RestoreReport(List<DeviceIdentity> devices, SavedState state, Duration total,
    List<MigrationReport.PhaseTime> phases, MigrationReport.TargetSummary summary, List<String> notes) {

  /** Copies the lists. */
  public RestoreReport {
    devices = List.copyOf(devices);
    phases = List.copyOf(phases);
    notes = List.copyOf(notes);
  }
}
