// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What a migration did, as the source saw it.
 *
 * @param source the device that moved
 * @param target the device that it is now, as the target named it
 * @param total from the beginning to the end
 * @param downtime from the pause of the workload to its resume at the target
 * @param predictedDowntime what the last round of pre-copy predicted; empty without pre-copy
 * @param bytes bytes of device state sent
 * @param stopCopyBytes of these, those sent while the device stood still
 * @param phases how long each phase took, in order; the rounds of pre-copy are one phase
 * @param rounds what each round of pre-copy did
 * @param atTarget what the target told about its part
 * @param notCarried what is not part of a device's stream and has to be set up at the target
 * @param notes what went wrong without harm to the migration, for people
 */
public record MigrationReport(DeviceIdentity source, DeviceIdentity target, Duration total, Duration downtime,
    Optional<Duration> predictedDowntime, long bytes, long stopCopyBytes, List<PhaseTime> phases,
    List<Round> rounds,
    TargetSummary atTarget, List<String> notCarried, List<String> notes) {

  /** What no device's stream carries: the driver of the device sets it up at the target. */
  public static final List<String> NOT_CARRIED = List.of("config space", "interrupt setup", "DMA mappings");

  /** Copies the lists. */
  public MigrationReport {
    phases = List.copyOf(phases);
    rounds = List.copyOf(rounds);
    notCarried = List.copyOf(notCarried);
    notes = List.copyOf(notes);
  }

  /**
   * How long a phase took.
   *
   * @param title {@link Phase#title}
   * @param began time since the migration began
   * @param took its duration
   */
  public record PhaseTime(String title, Duration began, Duration took) {
  }

  /**
   * A round of pre-copy: it ends when as much has been read as was pending at its beginning.
   *
   * @param number from 1
   * @param bytes bytes read and sent
   * @param took its duration
   */
  public record Round(int number, long bytes, Duration took) {
  }

  /**
   * The target's part, in its own words.
   *
   * @param bytes bytes of device state written
   * @param validating how long the move from RESUMING to STOP took
   * @param starting how long the move from STOP to RUNNING took
   */
  public record TargetSummary(long bytes, Duration validating, Duration starting) {
  }
}
