// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.model.DeviceProbe;
import java.util.function.Consumer;

/**
 * A device opened with access to its implementation.
 *
 * @param probe the open device
 * @param closer closes the device and what was started for it
 * @param log receives warnings
 */
public record InspectedDevice(DeviceProbe probe, Runnable closer,
    Consumer<String> log) implements AutoCloseable {

  static InspectedDevice of(DeviceProbe probe, Consumer<String> log) {
    return new InspectedDevice(probe, probe::close, log);
  }

  /** Closes the device. A failure is only a warning, so that the results are kept. */
  @Override
  public void close() {
    try {
      closer.run();
    } catch (RuntimeException e) {
      log.accept("closing the device failed: " + ErrorMessages.describe(e));
    }
  }
}
