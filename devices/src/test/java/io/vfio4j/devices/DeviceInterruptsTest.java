// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.DeviceState;
import org.junit.jupiter.api.Test;

class DeviceInterruptsTest {

  private static final int STATUS = TestPciDevice.STATUS;

  @Test
  void raisesIntxLevelWithoutMessages() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.device.interrupts.raise(0);
      rig.device.interrupts.raise(2);
      assertThat(rig.get32(0, STATUS)).isEqualTo(5);
      rig.set32(0, STATUS, 1);
      assertThat(rig.bus.interrupts).containsExactly("intx high");
      rig.set32(0, STATUS, 4);
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low");
      assertThatThrownBy(() -> rig.device.interrupts.raise(3)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void sendsMessagePerEventWhenEnabled() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.bus.msiEnabled = true;
      rig.device.interrupts.raise(2);
      rig.bus.msixEnabled = true;
      rig.device.interrupts.raise(2);
      assertThat(rig.bus.interrupts).containsExactly("msi 1.2", "msix 2.2");
      rig.bus.msiEnabled = false;
      rig.bus.msixEnabled = false;
      rig.runUntilIdle();
      assertThat(rig.bus.interrupts).last().isEqualTo("intx high");
    }
  }

  @Test
  void migratesMessagesPendingWhileStopped() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new); var target = DeviceFixture.of(TestPciDevice::new)) {
      rig.device.moveTo(DeviceState.STOP);
      rig.set32(0, TestPciDevice.SIGNAL, 2);
      rig.set32(0, TestPciDevice.SIGNAL, 2);
      assertThat(rig.bus.interrupts).isEmpty();
      assertThat(rig.get32(0, TestPciDevice.MSIX_PENDING)).isEqualTo(4);

      target.load(rig.saved());
      assertThat(target.bus.interrupts).isEmpty();
      target.device.moveTo(DeviceState.RUNNING);
      assertThat(target.bus.interrupts).containsExactly("msix 2.2");
      assertThat(target.get32(0, TestPciDevice.MSIX_PENDING)).isZero();

      rig.device.reset();
      assertThat(rig.bus.interrupts).isEmpty();
    }
  }

  @Test
  void migratesIntxLevel() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new); var target = DeviceFixture.of(TestPciDevice::new)) {
      rig.device.interrupts.raise(1);
      target.load(rig.saved());
      assertThat(target.bus.interrupts).isEmpty();
      target.device.moveTo(DeviceState.RUNNING);
      assertThat(target.bus.interrupts).containsExactly("intx high");
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low");
    }
  }

  @Test
  void setsIntxDirectly() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.device.intx.set(true);
      rig.set32(7, 4, 1 << 10);
      rig.set32(7, 4, 0);
      rig.device.reset();
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low", "intx high", "intx low");
    }
  }
}
