// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.TransitionResult;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device that reports its P2P state but only enters it when it is stopped. For a migration of several devices this is as
 * if there were no barrier.
 */
final class UnquiescedDevice implements MigratableDevice {

  private final MigratableDevice device;
  private boolean pretends;

  UnquiescedDevice(MigratableDevice device) {
    this.device = device;
  }

  @Override
  public DeviceIdentity identity() {
    return device.identity();
  }

  @Override
  public MigrationFeatures features() {
    return device.features();
  }

  @Override
  public DeviceState state() throws DeviceException {
    return pretends ? DeviceState.PRE_COPY_P2P : device.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws DeviceException {
    pretends = target == DeviceState.PRE_COPY_P2P;
    return pretends ? new TransitionResult(target, Optional.empty()) : device.moveTo(target);
  }

  @Override
  public void reset() throws DeviceException {
    device.reset();
    pretends = false;
  }

  @Override
  public OptionalLong stopCopyLength() throws DeviceException {
    return device.stopCopyLength();
  }

  @Override
  public Optional<DmaLog> dmaLog() {
    return device.dmaLog();
  }

  @Override
  public void close() {
    device.close();
  }
}
