// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.MigratableDevice;

/**
 * What is judged.
 *
 * @param probe has the device, and what there is to look behind it; stays the caller's to close
 * @param profile what is known of this kind of device
 */
public record DeviceUnderTest(DeviceProbe probe, DeviceProfile profile) {

  private record DeviceOnly(MigratableDevice device) implements DeviceProbe {
    @Override
    public void close() {
      device.close();
    }
  }

  /** Returns a device with its probe, known by its identity. */
  public static DeviceUnderTest of(DeviceProbe probe) {
    return new DeviceUnderTest(probe, DeviceProfile.of(probe.device().identity()));
  }

  /** Returns a device without a probe, known by its identity. */
  public static DeviceUnderTest of(MigratableDevice device) {
    return of(new DeviceOnly(device));
  }

  /** Returns this with other knowledge. */
  public DeviceUnderTest withProfile(DeviceProfile other) {
    return new DeviceUnderTest(probe, other);
  }
}
