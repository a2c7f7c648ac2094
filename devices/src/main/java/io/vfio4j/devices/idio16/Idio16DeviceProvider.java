// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

import io.vfio4j.devices.DeviceOption;
import io.vfio4j.devices.DeviceOptions;
import io.vfio4j.devices.DeviceProvider;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import java.nio.file.Path;
import java.util.List;

/** Creates PCI-IDIO-16 cards for {@code serve idio-16}. */
final class Idio16DeviceProvider implements DeviceProvider {

  private static final DeviceOption<Boolean> LOOPBACK =
      DeviceOption.flag("loopback", "Wire each output to the input of the same number.");
  private static final DeviceOption<Path> INPUTS = DeviceOption.of("inputs", "FILE",
      "Energize the inputs set in FILE, a number such as 0x8001 (inputs 0 and 15); FILE may change at any time.",
      Path::of);

  @Override
  public String name() {
    return "idio-16";
  }

  @Override
  public String summary() {
    return "Serve a PCI-IDIO-16 card with 16 inputs and 16 outputs (Linux driver: gpio-pci-idio-16).";
  }

  @Override
  public String details() {
    return """
        Examples:
          Serve a card whose outputs are wired to its inputs:
            vfio4j serve idio-16 --socket /tmp/a.sock --loopback
          Serve a card whose inputs are read from a file, and energize inputs 0 and 15:
            vfio4j serve idio-16 --socket /tmp/a.sock --inputs /tmp/inputs
            echo 0x8001 > /tmp/inputs""";
  }

  @Override
  public List<DeviceOption<?>> options() {
    return List.of(LOOPBACK, INPUTS);
  }

  @Override
  public EmulatedDevice create(DeviceSetup setup, DeviceOptions options) {
    return new Idio16Device(setup, wiring(setup, options));
  }

  private static Wiring wiring(DeviceSetup setup, DeviceOptions options) {
    if (!options.isSet(LOOPBACK)) {
      return options.get(INPUTS).<Wiring>map(file -> new InputFileWiring(file, setup.log()))
          .orElse(Wiring.OPEN);
    }
    if (options.get(INPUTS).isPresent()) {
      throw new IllegalArgumentException("loopback and inputs are mutually exclusive");
    }
    return Wiring.LOOPBACK;
  }
}
