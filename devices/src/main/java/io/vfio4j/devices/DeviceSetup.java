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
 * @param passesMemory whether the declared memory is files that another server of this machine can continue to use:
 *     then a swap passes descriptors instead of copying pages
 */
public record DeviceSetup(String name, MigrationFeatures features, Consumer<String> log,
    LongSupplier nanoTime, boolean passesMemory) {

  /** Returns a setup with all migration features, no log, the system's clock and memory of its own. */
  public static DeviceSetup named(String name) {
    return new DeviceSetup(name, MigrationFeatures.ALL, line -> {
    }, System::nanoTime, false);
  }

  /** Returns this with other migration features. */
  public DeviceSetup withFeatures(MigrationFeatures other) {
    return new DeviceSetup(name, other, log, nanoTime, passesMemory);
  }

  /** Returns this with another log. */
  public DeviceSetup withLog(Consumer<String> listener) {
    return new DeviceSetup(name, features, listener, nanoTime, passesMemory);
  }

  /** Returns this with another clock. */
  public DeviceSetup withClock(LongSupplier clock) {
    return new DeviceSetup(name, features, log, clock, passesMemory);
  }

  /** Returns this with memory that can be passed to another server, or without. */
  public DeviceSetup withPassesMemory(boolean passes) {
    return new DeviceSetup(name, features, log, nanoTime, passes);
  }
}
