// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What became of all devices of a source. */
final class DeviceFates {

  private DeviceFates() {
  }

  /** Returns the fate of each device, of which the outcomes are known. */
  static List<DeviceFate> of(DeviceGroup group, List<Outcome> outcomes) {
    List<DeviceFate> fates = new ArrayList<>();
    for (int i = 0; i < outcomes.size(); i++) {
      MovedDevice device = group.devices().get(i);
      boolean isKnown = outcomes.get(i) != Outcome.SOURCE_LOST && outcomes.get(i) != Outcome.SOURCE_STUCK;
      fates.add(new DeviceFate(device.name(), outcomes.get(i), isKnown ? device.known() : Optional.empty()));
    }
    return fates;
  }

  /** Returns the outcome of the device that fared worst. */
  static Outcome worst(List<DeviceFate> fates) {
    return fates.stream().map(DeviceFate::outcome).reduce(Outcome.UNTOUCHED, Outcome::worse);
  }
}
