// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.model.DeviceState;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Checks the devices of one side: while one may access another's memory, none is in a state in which it
 * cannot be accessed.
 */
@SuppressWarnings({"exports", "missing-explicit-ctor"}) // Not API: a test in an exported package.
public final class PeerDmaInvariant implements SimulatedSettings.Observer {

  /** States in which a device starts peer-to-peer DMA. */
  private static final Set<DeviceState> WRITES = EnumSet.of(DeviceState.RUNNING, DeviceState.PRE_COPY);

  /** States in which a device does not respond to peer-to-peer DMA. */
  private static final Set<DeviceState> DEAF =
      EnumSet.of(DeviceState.STOP, DeviceState.STOP_COPY, DeviceState.RESUMING);

  private final Map<SimulatedDevice, DeviceState> states = new LinkedHashMap<>();
  private final List<String> violations = new ArrayList<>();

  public synchronized void add(SimulatedDevice device) {
    states.put(device, DeviceState.RUNNING);
  }

  @Override
  public synchronized void stateChanged(SimulatedDevice device, DeviceState from, DeviceState to,
      String reason) {
    states.put(device, to);
    boolean writes = states.entrySet().stream()
        .anyMatch(entry -> WRITES.contains(entry.getValue()) && isAtWork(entry.getKey()));
    boolean isDeaf = states.entrySet().stream()
        .anyMatch(entry -> DEAF.contains(entry.getValue()) && !entry.getKey().isLost());
    if (writes && isDeaf) {
      violations
          .add("%s went from %s to %s: %s".formatted(device.identity().name(), from, to, states.values()));
    }
  }

  /** A lost device does nothing; one that was reset has no peer to access. */
  private static boolean isAtWork(SimulatedDevice device) {
    return !device.isLost() && device.stateFingerprint() != 0;
  }

  public synchronized List<String> violations() {
    return List.copyOf(violations);
  }
}
