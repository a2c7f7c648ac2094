// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.util.LinkedHashMap;
import java.util.Map;

/** Checks that at no time two devices run with the same state. A lost device does not run. */
final class SingleOwnerInvariant implements SimulatedSettings.Observer {

  private final long stateIdentity;
  private final Map<SimulatedDevice, DeviceState> states = new LinkedHashMap<>();
  private boolean violated;

  SingleOwnerInvariant(long stateIdentity) {
    this.stateIdentity = stateIdentity;
  }

  /** Adds a device, which is in RUNNING. */
  synchronized void add(SimulatedDevice device) {
    states.put(device, DeviceState.RUNNING);
  }

  @Override
  public synchronized void stateChanged(SimulatedDevice device, DeviceState from, DeviceState to,
      String reason) {
    states.put(device, to);
    violated |=
        states.entrySet().stream().filter(entry -> entry.getValue().isRunning() && !entry.getKey().isLost()
            && entry.getKey().stateFingerprint() == stateIdentity).count() > 1;
  }

  synchronized boolean isViolated() {
    return violated;
  }
}
