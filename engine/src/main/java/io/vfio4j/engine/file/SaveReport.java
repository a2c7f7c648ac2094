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
 * What was done to save a state to a file.
 *
 * @param devices each device, in their order
 * @param memory the memory, if any was saved
 * @param stopped whether the devices stay in STOP; else they run on
 * @param total from the beginning to the end
 * @param downtime from the pause of the workload until it went on; without a meaning where the devices stay in STOP
 * @param downtimeParts what that consisted of
 * @param predictedParts what the last round of pre-copy predicted that it would consist of; empty without pre-copy
 * @param bytes bytes of devices and memory
 * @param stopCopyBytes of these, those written while the devices stood still
 * @param compression what became of all of them in the file, if they were compressed
 * @param fileBytes how long the file is
 * @param phases how long each phase took, in order
 * @param rounds what each round of pre-copy did
 * @param notes what went wrong without harm, for people
 * @param workloadFailure why the workload did not resume, and so stays paused; empty if it did, or was not to
 */
public record SaveReport(List<DeviceReport> devices, Optional<MigrationReport.MemoryReport> memory,
    boolean stopped, Duration total, Duration downtime, DowntimeParts downtimeParts,
    Optional<DowntimeParts> predictedParts, long bytes, long stopCopyBytes,
    Optional<MigrationReport.CompressionReport> compression, long fileBytes,
    List<MigrationReport.PhaseTime> phases,
    List<MigrationReport.Round> rounds, List<String> notes, Optional<String> workloadFailure) {

  /** Copies the lists. */
  public SaveReport {
    devices = List.copyOf(devices);
    phases = List.copyOf(phases);
    rounds = List.copyOf(rounds);
    notes = List.copyOf(notes);
  }

  /**
   * A device that was saved.
   *
   * @param device who it is
   * @param bytes bytes of its state
   * @param switchover what it did while everything stood still
   */
  public record DeviceReport(DeviceIdentity device, long bytes, DeviceSwitchover switchover) {
  }
}
