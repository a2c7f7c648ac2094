// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.vfiouser.device.EmulatedDevice;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Creates devices of one kind, by name: the service by which {@code vfio4j serve NAME} finds a device.
 *
 * <p>
 * A device in a module has a public static method {@code provider()}, and its class is listed in the
 * {@code module-info}: {@code provides io.vfio4j.devices.DeviceProvider with example.DiceDevice}. A device on the class
 * path needs neither; {@code vfio4j serve --device CLASS} loads it.
 */
public interface DeviceProvider {

  /** Returns the name of the device: lower-case letters, digits and hyphens, beginning with a letter. */
  String name();

  /** Returns the line that describes {@code serve NAME} in the help, as an imperative: "Serve a device that rolls dice." */
  String summary();

  /** Returns what the help prints after the options, such as examples; by default an example without options. */
  default String details() {
    return "Example:\n  vfio4j serve %s --socket /tmp/a.sock".formatted(name());
  }

  /** Returns the options of the device, in the order of the help. None may have the name of an option of {@code serve}. */
  default List<DeviceOption<?>> options() {
    return List.of();
  }

  /**
   * Creates a device.
   *
   * @param setup name, migration features, log and clock
   * @param options values of {@link #options()}
   * @throws IOException if a file or the memory of the device cannot be opened or allocated
   * @throws IllegalArgumentException if the device cannot have these options; the message is shown to the user
   */
  EmulatedDevice create(DeviceSetup setup, DeviceOptions options) throws IOException;

  /** Returns further fields of the {@code listening} event that {@code serve --json} prints. */
  default Map<String, Long> properties(DeviceOptions options) {
    return Map.of();
  }

  /** Creates a device that has no options. */
  @FunctionalInterface
  interface Factory {

    /**
     * Creates a device.
     *
     * @param setup name, migration features, log and clock
     * @throws IOException if a file or the memory of the device cannot be opened or allocated
     */
    EmulatedDevice create(DeviceSetup setup) throws IOException;
  }

  /**
   * Returns the provider of a device that has no options.
   *
   * @param name as {@link #name()} returns it
   * @param summary as {@link #summary()} returns it
   * @param factory the device's constructor
   */
  static DeviceProvider of(String name, String summary, Factory factory) {
    return new DeviceProvider() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public String summary() {
        return summary;
      }

      @Override
      public EmulatedDevice create(DeviceSetup setup, DeviceOptions options) throws IOException {
        return factory.create(setup);
      }
    };
  }
}
