// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.MigratableDevice;

/**
 * A device to check.
 *
 * @param probe gives access to the device and to its internals; the caller closes it
 * @param profile the knowledge of this kind of device
 */
public record DeviceUnderTest(DeviceProbe probe, DeviceProfile profile) {

  private record DeviceOnly(MigratableDevice device) implements DeviceProbe {
    @Override
    public void close() {
      device.close();
    }
  }

  /** Returns the device of a probe, with the profile of its identity. */
  public static DeviceUnderTest of(DeviceProbe probe) {
    return new DeviceUnderTest(probe, DeviceProfile.of(probe.device().identity()));
  }

  /** Returns a device without further access, with the profile of its identity. */
  public static DeviceUnderTest of(MigratableDevice device) {
    return of(new DeviceOnly(device));
  }

}
