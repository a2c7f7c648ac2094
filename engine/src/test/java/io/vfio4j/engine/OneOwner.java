// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.util.Set;
import java.util.TreeSet;

/** Watches over devices: at no time may two of them run with the same state. */
final class OneOwner implements SimulatedSettings.Observer {

  private final long stateIdentity;
  private final Set<String> running = new TreeSet<>();
  private boolean violated;

  OneOwner(String first, long stateIdentity) {
    this.stateIdentity = stateIdentity;
    running.add(first);
  }

  @Override
  public synchronized void changed(SimulatedDevice device, DeviceState from, DeviceState to, String reason) {
    String name = device.identity().name();
    if (to.isRunning() && device.stateIdentity() == stateIdentity) {
      running.add(name);
    } else {
      running.remove(name);
    }
    violated |= running.size() > 1;
  }

  synchronized boolean isViolated() {
    return violated;
  }
}
