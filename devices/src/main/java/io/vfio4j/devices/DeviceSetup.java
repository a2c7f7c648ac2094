// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.MigrationFeatures;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The environment of a device, passed to its constructor.
 *
 * @param name the name in messages
 * @param features the migration features that the device supports
 * @param log receives a line for each access that is ignored
 * @param nanoTime the clock of the device in nanoseconds, which must be the clock of its server
 */
public record DeviceSetup(String name, MigrationFeatures features, Consumer<String> log,
    LongSupplier nanoTime) {

  /** Returns a setup with all migration features, no log and the system's clock. */
  public static DeviceSetup named(String name) {
    return new DeviceSetup(name, MigrationFeatures.ALL, line -> {
    }, System::nanoTime);
  }

  /** Returns this with other migration features. */
  public DeviceSetup withFeatures(MigrationFeatures other) {
    return new DeviceSetup(name, other, log, nanoTime);
  }

  /** Returns this with another log. */
  public DeviceSetup withLog(Consumer<String> listener) {
    return new DeviceSetup(name, features, listener, nanoTime);
  }

  /** Returns this with another clock. */
  public DeviceSetup withClock(LongSupplier clock) {
    return new DeviceSetup(name, features, log, clock);
  }
}
