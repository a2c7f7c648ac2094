// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.SavedState;
import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;

/**
 * What was done to restore a state. The devices run.
 *
 * @param devices the devices that run now
 * @param state what is in the file
 * @param total from the beginning to the end
 * @param phases how long each phase took, in order
 * @param summary bytes and times
 * @param notes what went wrong without harm, for people
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
