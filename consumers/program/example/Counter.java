// SPDX-License-Identifier: Apache-2.0
package example;

import io.vfio4j.devices.Bar;
import io.vfio4j.devices.BarKind;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.devices.PciDevice;
import io.vfio4j.devices.PciIds;
import io.vfio4j.devices.Register;

/** A device that counts the writes to a register. */
final class Counter extends PciDevice {

  static final int COUNT = 0x00;
  static final int ADVANCE = 0x04;

  private final Bar bar0 = bar(0, BarKind.MEMORY_32, 4096);
  private final Register count;

  Counter(String name) {
    super(name, PciIds.of(0x1234, 0xc0de), DeviceSetup.named(name));
    var registers = bar0.registers("COUNTER", 0, 4096);
    count = registers.register32("COUNT", COUNT).readOnly();
    registers.register32("ADVANCE", ADVANCE).onCommand(written -> count.set(count.value() + 1));
  }
}
