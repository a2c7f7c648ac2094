// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;

/**
 * The report of a completed migration, as seen by the target. The devices run at the target.
 *
 * @param devices the devices that run now
 * @param sources the devices that they replace, as named by the source, in the same order
 * @param total from the beginning to the end
 * @param phases the duration of each phase, in order
 * @param summary bytes and times
 * @param journalTime time to record <em>committed</em> and <em>running</em>, both part of the downtime; zero
 *     without a journal
 * @param confirmationSent whether CONFIRMED could be sent; if not, the source stays stopped and reports the
 *     outcome as unknown, although the target owns the devices
 * @param notCarried what a device's stream does not contain and must be set up here
 * @param notes problems that did not affect the migration
 */
public record TargetReport(List<DeviceIdentity> devices, List<DeviceIdentity> sources, Duration total,
    List<MigrationReport.PhaseTime> phases, MigrationReport.TargetSummary summary, Duration journalTime,
    boolean confirmationSent, List<String> notCarried, List<String> notes) {

  public TargetReport {
    devices = List.copyOf(devices);
    sources = List.copyOf(sources);
    phases = List.copyOf(phases);
    notCarried = List.copyOf(notCarried);
    notes = List.copyOf(notes);
  }
}
