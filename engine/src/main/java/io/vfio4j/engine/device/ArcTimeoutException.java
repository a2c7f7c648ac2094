// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import io.vfio4j.engine.util.Units;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * Device calls did not return in time. The states of these devices are unknown, and the calls cannot be
 * cancelled.
 */
public final class ArcTimeoutException extends IOException {

  private static final long serialVersionUID = 1;

  private final transient List<String> devices;

  ArcTimeoutException(List<String> devices, String what, Duration limit) {
    super("%s: the call to %s has not returned for %s".formatted(String.join(", ", devices), what,
        Units.duration(limit)));
    this.devices = List.copyOf(devices);
  }

  /** Returns the names of the devices. */
  List<String> devices() {
    return devices;
  }
}
