// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.DeviceSwitchover;
import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The report of a successful save.
 *
 * @param devices the devices, in order
 * @param memory the memory, if any was saved
 * @param stopped whether the devices stay in STOP; otherwise they run again
 * @param total the duration of the whole save
 * @param downtime from the pause of the workload until it resumed; no meaning if the devices stay in STOP
 * @param downtimeParts the parts of the downtime
 * @param predictedParts the parts as predicted by the last round of pre-copy; empty without pre-copy
 * @param bytes bytes of devices and memory
 * @param stopCopyBytes the part of these written while the devices were stopped
 * @param compression how they were compressed, if they were
 * @param fileBytes the size of the file
 * @param phases the duration of each phase, in order
 * @param rounds the rounds of pre-copy
 * @param notes failures without consequences, for the user
 * @param workloadFailure why the workload did not resume, and so stays paused; empty if it did, or stays paused on request
 */
public record SaveReport(List<DeviceReport> devices, Optional<MigrationReport.MemoryReport> memory,
    boolean stopped, Duration total, Duration downtime, DowntimeParts downtimeParts,
    Optional<DowntimeParts> predictedParts, long bytes, long stopCopyBytes,
    Optional<MigrationReport.CompressionReport> compression, long fileBytes,
    List<MigrationReport.PhaseTime> phases, List<MigrationReport.Round> rounds, List<String> notes,
    Optional<String> workloadFailure) {

  /** Copies the lists. */
  public SaveReport {
    devices = List.copyOf(devices);
    phases = List.copyOf(phases);
    rounds = List.copyOf(rounds);
    notes = List.copyOf(notes);
  }

  /**
   * A saved device.
   *
   * @param bytes bytes of its state
   * @param switchover its part of the downtime
   */
  public record DeviceReport(DeviceIdentity device, long bytes, DeviceSwitchover switchover) {
  }
}
