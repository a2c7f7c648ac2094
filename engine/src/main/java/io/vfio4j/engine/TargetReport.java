// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;

/**
 * What a migration did, as the target saw it. The devices run at the target.
 *
 * @param devices the devices that run now
 * @param sources the devices that they were, as the source named them, in the same order
 * @param total from the beginning to the end
 * @param phases how long each phase took, in order
 * @param summary bytes and times
 * @param journalTime how long it took to put down in the journal that the devices are this side's, and that they run:
 *     for the source both are a part of the downtime; zero without a journal
 * @param confirmationSent whether the confirmation could be sent; where not, the source stays stopped and calls
 *     the ownership unknown, though it is this side's
 * @param notCarried what is not part of a device's stream and has to be set up here
 * @param notes what went wrong without harm to the migration, for people
 */
public record TargetReport(List<DeviceIdentity> devices, List<DeviceIdentity> sources, Duration total,
    List<MigrationReport.PhaseTime> phases, MigrationReport.TargetSummary summary, Duration journalTime,
    boolean confirmationSent,
    List<String> notCarried, List<String> notes) {

  /** Copies the lists. */
  public TargetReport {
    devices = List.copyOf(devices);
    sources = List.copyOf(sources);
    phases = List.copyOf(phases);
    notCarried = List.copyOf(notCarried);
    notes = List.copyOf(notes);
  }
}
