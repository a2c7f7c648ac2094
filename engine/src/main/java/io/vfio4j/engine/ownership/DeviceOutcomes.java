// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.DeviceOutcome;
import io.vfio4j.engine.Outcome;
import io.vfio4j.engine.device.DeviceGroup;
import io.vfio4j.engine.device.MigratingDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The outcomes of all devices of a source. */
public final class DeviceOutcomes {

  private DeviceOutcomes() {
  }

  /** Combines each device's outcome with its last known state. */
  public static List<DeviceOutcome> of(DeviceGroup group, List<Outcome> outcomes) {
    List<DeviceOutcome> result = new ArrayList<>();
    for (int i = 0; i < outcomes.size(); i++) {
      MigratingDevice device = group.devices().get(i);
      boolean isKnown = outcomes.get(i) != Outcome.SOURCE_LOST && outcomes.get(i) != Outcome.SOURCE_STUCK;
      result.add(
          new DeviceOutcome(device.name(), outcomes.get(i), isKnown ? device.lastState() : Optional.empty()));
    }
    return result;
  }

  /** Returns the worst outcome. */
  public static Outcome worst(List<DeviceOutcome> outcomes) {
    return outcomes.stream().map(DeviceOutcome::outcome).reduce(Outcome.UNTOUCHED, Outcome::worse);
  }
}
