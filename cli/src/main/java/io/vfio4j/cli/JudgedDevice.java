// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.model.DeviceProbe;

/**
 * A device that a command has opened to look behind it.
 *
 * @param probe has the device
 * @param end lets go of the device and of what was started for it
 */
record JudgedDevice(DeviceProbe probe, Runnable end) implements AutoCloseable {

  static JudgedDevice of(DeviceProbe probe) {
    return new JudgedDevice(probe, probe::close);
  }

  @Override
  public void close() {
    end.run();
  }
}
