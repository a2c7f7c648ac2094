// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.model.DeviceProbe;
import java.util.function.Consumer;

/**
 * A device that a command has opened to look behind it.
 *
 * @param probe has the device
 * @param closer lets go of the device and of what was started for it
 * @param log takes warnings
 */
public record InspectedDevice(DeviceProbe probe, Runnable closer,
    Consumer<String> log) implements AutoCloseable {

  static InspectedDevice of(DeviceProbe probe, Consumer<String> log) {
    return new InspectedDevice(probe, probe::close, log);
  }

  /** Closes the device. What goes wrong then is a warning, and not to cost what was found. */
  @Override
  public void close() {
    try {
      closer.run();
    } catch (RuntimeException e) {
      log.accept("vfio4j: the device did not close: " + ErrorMessages.describe(e));
    }
  }
}
