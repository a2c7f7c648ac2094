// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.MigrationFeatures;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * What a device is given by whoever makes it.
 *
 * @param name what messages call it
 * @param features what it can do of migration
 * @param log hears of accesses that were ignored, one line each
 * @param nanoTime the clock that the device lives by, in nanoseconds, which must be its server's
 */
public record DeviceSetup(String name, MigrationFeatures features, Consumer<String> log,
    LongSupplier nanoTime) {

  /** Returns a device with all of migration, which says nothing and lives by the system's clock. */
  public static DeviceSetup named(String name) {
    return new DeviceSetup(name, MigrationFeatures.ALL, line -> {
    }, System::nanoTime);
  }

  /** Returns this with other migration features. */
  public DeviceSetup withFeatures(MigrationFeatures other) {
    return new DeviceSetup(name, other, log, nanoTime);
  }

  /** Returns this with another listener. */
  public DeviceSetup withLog(Consumer<String> listener) {
    return new DeviceSetup(name, features, listener, nanoTime);
  }

  /** Returns this with another clock. */
  public DeviceSetup withClock(LongSupplier clock) {
    return new DeviceSetup(name, features, log, clock);
  }
}
