// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Doorbell;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ConfigSpaceTest {

  private static final int CONFIG = 7;
  private static final int COMMAND = 4;

  /** Walks the capability list like an operating system, and returns the offset of each capability. */
  private static Map<Integer, Integer> capabilities(DeviceFixture<?> rig) throws ErrnoException {
    Map<Integer, Integer> found = new HashMap<>();
    for (int at = rig.get8(CONFIG, 0x34); at != 0; at = rig.get8(CONFIG, at + 1)) {
      assertThat(at % 4).isZero();
      assertThat(found.put(rig.get8(CONFIG, at), at)).isNull();
    }
    return found;
  }

  private static int capability(DeviceFixture<?> rig, int id) throws ErrnoException {
    return capabilities(rig).getOrDefault(id, 0);
  }

  private static int writeOnes(DeviceFixture<?> rig, int offset) throws ErrnoException {
    rig.set32(CONFIG, offset, -1);
    return rig.config32(offset);
  }

  @Test
  void identifiesDeviceAndSizesBars() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      assertThat(rig.config32(0)).isEqualTo(0x5678_1234);
      assertThat(rig.config32(8)).isEqualTo(0xff0000_03);
      assertThat(rig.config32(0x2c)).isEqualTo(0x5678_1234);
      assertThat(rig.get8(CONFIG, 0x3d)).isEqualTo(1);
      assertThat(writeOnes(rig, COMMAND) & 0xffff).isEqualTo(0x0547);
      assertThat(writeOnes(rig, 0x10)).isEqualTo(0xfffff000);
      assertThat(writeOnes(rig, 0x18)).isEqualTo(0xffffc00c);
      assertThat(writeOnes(rig, 0x1c)).isEqualTo(0xffffffff);
      assertThat(writeOnes(rig, 0x20)).isEqualTo(0xffffffe1);
      assertThat(writeOnes(rig, 0x24)).isZero();
      assertThat(rig.device.description().regions().get(CONFIG).size()).isEqualTo(4096);
      assertThat(rig.device.description().irqCounts()).containsExactly(1, 4, 3, 0, 0);
    }
  }

  @Test
  void linksCapabilities() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      assertThat(capabilities(rig).keySet()).containsExactlyInAnyOrder(0x01, 0x05, 0x09, 0x10, 0x11);
      assertThat(rig.config32(COMMAND) >>> 16 & 0x10).isNotZero();
      int vendor = capability(rig, 0x09);
      assertThat(rig.read(CONFIG, vendor + 2, 4)).containsExactly(6, 1, 2, 3);
      rig.write(CONFIG, vendor + 2, new byte[] {-1, -1, -1, -1});
      assertThat(rig.read(CONFIG, vendor + 2, 4)).containsExactly(6, 1, 0xf, 3);
    }
  }

  @Test
  void omitsCapabilityListWithoutCapabilities() throws Exception {
    try (var rig = DeviceFixture.of(setup -> new PciDevice("bare", PciIds.of(1, 2), setup) {
    })) {
      assertThat(rig.get8(CONFIG, 0x34)).isZero();
      assertThat(rig.config32(COMMAND) >>> 16).isZero();
      assertThat(rig.get8(CONFIG, 0x3d)).isZero();
      assertThat(writeOnes(rig, COMMAND) & 3).isZero();
      assertThat(rig.device.description().regions().get(CONFIG).size()).isEqualTo(256);
      assertThat(rig.device.description().irqCounts()).containsOnly(0);
    }
  }

  @Test
  void appliesMsiWriteMasks() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      int msi = capability(rig, 0x05);
      assertThat(rig.config32(msi) >>> 16).isEqualTo(0x84);
      assertThat(writeOnes(rig, msi) >>> 16).isEqualTo(0x84 | 0x71);
      assertThat(writeOnes(rig, msi + 4)).isEqualTo(~3);
      assertThat(writeOnes(rig, msi + 8)).isEqualTo(-1);
      assertThat(writeOnes(rig, msi + 12) & 0xffff).isEqualTo(0xffff);
      int msix = capability(rig, 0x11);
      assertThat(writeOnes(rig, msix) >>> 16).isEqualTo(0xc002);
      assertThat(rig.config32(msix + 4)).isEqualTo(TestPciDevice.MSIX_TABLE);
      assertThat(rig.config32(msix + 8)).isEqualTo(TestPciDevice.MSIX_PENDING);
    }
  }

  @Test
  void ignoresUnsupportedPowerStates() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      int control = capability(rig, 0x01) + 4;
      int[] taken = {0, 0, 0, 3};
      for (int state = 0; state < taken.length; state++) {
        rig.write(CONFIG, control, (byte) state);
        assertThat(rig.get8(CONFIG, control)).isEqualTo(0x8 | taken[state]);
      }
      rig.write(CONFIG, control, (byte) 2);
      assertThat(rig.get8(CONFIG, control) & 3).isEqualTo(3);
    }
  }

  @Test
  void resetsOnFunctionLevelReset() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.set64(0, TestPciDevice.VALUE, 5);
      rig.set32(CONFIG, 0x10, 0xfe000000);
      rig.device.field.set(1);
      rig.write(2, 0, (byte) 9);
      int control = capability(rig, 0x10) + 8;

      rig.write(CONFIG, control, (byte) 0x10, (byte) 0xa8);

      assertThat(rig.get64(0, TestPciDevice.VALUE)).isZero();
      assertThat(rig.config32(0x10)).isZero();
      assertThat(rig.device.field.value()).isEqualTo(7);
      assertThat(rig.read(2, 0, 1)).containsExactly(0);
      assertThat(rig.config32(control) & 0xffff).isEqualTo(0x2810);
    }
  }

  @Test
  void exposesMsixTableAndPendingBitsInBar() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      assertThat(rig.get32(0, TestPciDevice.MSIX_TABLE + 12)).isEqualTo(1);
      rig.set32(0, TestPciDevice.MSIX_TABLE, 0xfee00000);
      rig.set32(0, TestPciDevice.MSIX_TABLE + 12, -2);
      rig.write(0, TestPciDevice.MSIX_TABLE + 1, (byte) 1);
      assertThat(rig.log).singleElement().asString().contains("MSI-X table");
      assertThat(rig.read(0, TestPciDevice.MSIX_TABLE - 4, 20)).containsExactly(0, 0, 0, 0, 0, 0, 0xe0, 0xfe,
          0, 0, 0,
          0, 0, 0, 0, 0, 0, 0, 0, 0);
      rig.set32(0, TestPciDevice.MSIX_PENDING, -1);
      assertThat(rig.get32(0, TestPciDevice.MSIX_PENDING)).isZero();
    }
  }

  @Test
  void describesDoorbells() throws Exception {
    try (var rig = DeviceFixture.of(setup -> new PciDevice("bells", PciIds.of(1, 2), setup) {
      {
        RegisterBank bank = bar(0, BarKind.MEMORY_32, 4096).registers("BELLS", 256, 64);
        bank.register32("ANY", 4).onCommand(data -> log("rang")).doorbell();
        bank.register16("SOME", 8).doorbell(7).doorbell(-1);
      }
    })) {
      assertThat(rig.device.description().regions().getFirst().doorbells()).containsExactly(
          new Doorbell(260, 4, OptionalLong.empty()), new Doorbell(264, 2, OptionalLong.of(7)),
          new Doorbell(264, 2, OptionalLong.of(0xffff)));
    }
  }

  @Test
  void rejectsInvalidPciLayouts() {
    class Odd extends PciDevice {
      Odd() {
        super("odd", PciIds.of(1, 2), DeviceSetup.named("odd"));
      }

      Bar add(int index, BarKind kind, long size) {
        return bar(index, kind, size);
      }

      MessageInterrupts messages(int vectors, Bar bar, long table, long pending) {
        return msix(vectors, bar, table, pending);
      }
    }
    Odd odd = new Odd();
    Bar bar = odd.add(2, BarKind.MEMORY_64, 4096);
    assertThatThrownBy(() -> odd.add(3, BarKind.MEMORY_32, 4096)).hasMessageContaining("not free");
    assertThatThrownBy(() -> odd.add(1, BarKind.PREFETCHABLE_64, 4096)).hasMessageContaining("not free");
    assertThatThrownBy(() -> odd.add(5, BarKind.PREFETCHABLE_64, 4096)).hasMessageContaining("not free");
    assertThatThrownBy(() -> odd.add(6, BarKind.MEMORY_32, 4096)).hasMessageContaining("not free");
    assertThatThrownBy(() -> odd.add(0, BarKind.MEMORY_32, 5000)).hasMessageContaining("power of two");
    assertThatThrownBy(() -> odd.add(0, BarKind.IO, 512)).hasMessageContaining("from 4 to 256");
    assertThatThrownBy(() -> odd.messages(257, bar, 0, 4096)).hasMessageContaining("do not fit");
    assertThatThrownBy(() -> odd.messages(2, bar, 0, 8))
        .hasMessageContaining("overlap those at 0x0 to 0x1f");
    assertThatThrownBy(() -> PciIds.of(0x12345, 1)).hasMessageContaining("more than 16 bits");
  }
}
