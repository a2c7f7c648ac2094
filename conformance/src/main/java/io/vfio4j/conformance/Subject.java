// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceProbe;
import io.vfio4j.model.MigratableDevice;

/**
 * What is judged.
 *
 * @param probe has the device, and what there is to look behind it; stays the caller's to close
 * @param known what is known of this kind of device
 */
public record Subject(DeviceProbe probe, KnownDevice known) {

  private record DeviceOnly(MigratableDevice device) implements DeviceProbe {
    @Override
    public void close() {
      device.close();
    }
  }

  /** Returns a device with its probe, known by its identity. */
  public static Subject of(DeviceProbe probe) {
    return new Subject(probe, KnownDevice.of(probe.device().identity()));
  }

  /** Returns a device without a probe, known by its identity. */
  public static Subject of(MigratableDevice device) {
    return of(new DeviceOnly(device));
  }

  /** Returns this with other knowledge. */
  public Subject withKnown(KnownDevice other) {
    return new Subject(probe, other);
  }
}
