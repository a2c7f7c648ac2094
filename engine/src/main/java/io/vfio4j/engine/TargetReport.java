// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceIdentity;
import java.time.Duration;
import java.util.List;

/**
 * What a migration did, as the target saw it. The device runs at the target.
 *
 * @param device the device that runs now
 * @param source the device that it was, as the source named it
 * @param total from the beginning to the end
 * @param phases how long each phase took, in order
 * @param summary bytes and times
 * @param sourceKnows whether the confirmation could be sent; where not, the source stays stopped and calls
 *     the ownership unknown, though it is this side's
 * @param notCarried what is not part of a device's stream and has to be set up here
 * @param notes what went wrong without harm to the migration, for people
 */
public record TargetReport(DeviceIdentity device, DeviceIdentity source, Duration total,
    List<MigrationReport.PhaseTime> phases, MigrationReport.TargetSummary summary, boolean sourceKnows,
    List<String> notCarried, List<String> notes) {

  /** Copies the lists. */
  public TargetReport {
    phases = List.copyOf(phases);
    notCarried = List.copyOf(notCarried);
    notes = List.copyOf(notes);
  }
}
