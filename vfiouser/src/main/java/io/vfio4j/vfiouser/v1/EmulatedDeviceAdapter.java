// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.v1;

import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An emulated device as the {@code MigratableDevice} of a migration region. Closing it does not close the
 * device.
 *
 * @param device the device, which stays the caller's
 * @param identity its name in messages
 */
record EmulatedDeviceAdapter(EmulatedDevice device, DeviceIdentity identity) implements MigratableDevice {

  static EmulatedDeviceAdapter of(EmulatedDevice device) {
    return new EmulatedDeviceAdapter(device,
        new DeviceIdentity(device.description().name(), 0, 0, 0, 0, 0, "emulated"));
  }

  @Override
  public MigrationFeatures features() {
    return device.features();
  }

  @Override
  public DeviceState state() {
    return device.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    return device.moveTo(target);
  }

  @Override
  public void reset() {
    device.reset();
  }

  @Override
  public OptionalLong stopCopyLength() {
    return device.stopCopyLength();
  }

  /** Returns none: the log is the server's. */
  @Override
  public Optional<DmaLog> dmaLog() {
    return Optional.empty();
  }

  @Override
  public void close() {
    // The device belongs to the caller.
  }
}
