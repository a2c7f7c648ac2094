// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;

/** What must hold before a device is touched. */
final class PreFlight {

  private PreFlight() {
  }

  static void requireRunning(MovedDevice device) throws DeviceException, RefusedException {
    DeviceState state = device.ask();
    if (state != DeviceState.RUNNING) {
      throw new RefusedException(
          "%s is in %s; a migration begins in RUNNING".formatted(device.name(), state));
    }
  }

  static void requireMigratable(Hello.Device device) throws RefusedException {
    if (!device.features().canMigrate()) {
      throw new RefusedException(device.identity().name() + " offers no migration (no STOP_COPY)");
    }
  }

  static void requireMatch(Hello.Device source, Hello.Device target) throws RefusedException {
    requireMigratable(source);
    requireMigratable(target);
    if (!source.identity().isSameKind(target.identity())) {
      throw new RefusedException("the devices differ: %s is %s, %s is %s".formatted(source.identity().name(),
          source.identity().ids(), target.identity().name(), target.identity().ids()));
    }
  }
}
