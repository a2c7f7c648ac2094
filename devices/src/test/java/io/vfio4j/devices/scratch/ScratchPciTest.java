// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.FakeBus;
import io.vfio4j.devices.TestClock;
import io.vfio4j.model.DeviceState;
import org.junit.jupiter.api.Test;

class ScratchPciTest {

  private static final int COMMAND = 4;
  private static final int STATUS_INTX = 1 << 19;

  @Test
  void identifiesTheDevice() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      assertThat(rig.config32(0)).isEqualTo(0x5634_1234);
      assertThat(rig.config32(8)).isEqualTo(0xff0000_00);
      assertThat(rig.config32(0x2c)).isEqualTo(0x0001_1234);
      assertThat(rig.read(7, 0x3d, 1)).containsExactly(1);
      assertThat(rig.read(7, 0x0e, 1)).containsExactly(0);
      rig.set32(7, 0, -1);
      assertThat(rig.config32(0)).isEqualTo(0x5634_1234);
    }
  }

  @Test
  void sizesBars() throws Exception {
    try (ScratchFixture rig = ScratchFixture.of(ScratchFixture.config(1).withMemorySize(5L << 30))) {
      for (int bar = 0; bar < 6; bar++) {
        rig.set32(7, 0x10 + 4 * bar, -1);
      }
      assertThat(rig.config32(0x10)).isEqualTo(0xfffff000);
      assertThat(rig.config32(0x14)).isZero();
      assertThat(rig.config32(0x18)).isEqualTo(0x0000000c);
      assertThat(rig.config32(0x1c)).isEqualTo(0xfffffffe);
      assertThat(rig.config32(0x20)).isEqualTo(0xfffff000);
      assertThat(rig.config32(0x24)).isZero();
      rig.set32(7, 0x10, 0xfebf1234);
      assertThat(rig.config32(0x10)).isEqualTo(0xfebf1000);
    }
  }

  @Test
  void keepsOnlyWritableCommandBits() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set32(7, COMMAND, -1);
      assertThat(rig.config32(COMMAND)).isEqualTo(0x0010_0546);
      rig.write(7, 0x3c, (byte) 11);
      assertThat(rig.read(7, 0x3c, 1)).containsExactly(11);
      rig.device.reset();
      assertThat(rig.config32(COMMAND)).isEqualTo(0x0010_0000);
    }
  }

  @Test
  void listsMsixCapability() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      assertThat(rig.read(7, 0x34, 1)).containsExactly(0x40);
      assertThat(rig.config32(0x40)).isEqualTo(0x0003_0011);
      assertThat(rig.config32(0x44)).isEqualTo(4);
      assertThat(rig.config32(0x48)).isEqualTo(0x804);
      rig.set32(7, 0x40, -1);
      assertThat(rig.config32(0x40)).isEqualTo(0xc003_0011);
    }
  }

  @Test
  void hasFourMsixVectors() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      assertThat(rig.read(4, 12, 4)).containsExactly(1, 0, 0, 0);
      rig.set32(4, 3 * 16, 0xfee00000);
      rig.set32(4, 3 * 16 + 12, -2);
      rig.set32(4, 4 * 16, -1);
      rig.set32(4, ScratchLayout.MSIX_PENDING, -1);
      assertThat(rig.read(4, 48, 16)).containsExactly(0, 0, 0xe0, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
      assertThat(rig.read(4, 64, 4096 - 64)).containsOnly(0);
      rig.device.reset();
      assertThat(rig.read(4, 60, 4)).containsExactly(1, 0, 0, 0);
    }
  }

  @Test
  void raisesIntxAsLevel() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.command(0x101, FakeBus.IOVA, 0, 8);
      assertThat(rig.bus.interrupts).containsExactly("intx high");
      assertThat(rig.get32(ScratchLayout.INT_STATUS)).isEqualTo(1);
      assertThat(rig.config32(COMMAND) & STATUS_INTX).isNotZero();
      rig.command(0x101, FakeBus.IOVA, 0, 8);
      assertThat(rig.bus.interrupts).hasSize(1);
      rig.set32(ScratchLayout.INT_STATUS, ~1);
      assertThat(rig.bus.interrupts).hasSize(1);
      rig.set32(ScratchLayout.INT_STATUS, 1);
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low");
      assertThat(rig.config32(COMMAND) & STATUS_INTX).isZero();
    }
  }

  @Test
  void gatesIntxByTheCommandRegister() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set32(7, COMMAND, 1 << 10);
      rig.command(0x101, FakeBus.IOVA, 0, 8);
      assertThat(rig.bus.interrupts).isEmpty();
      assertThat(rig.config32(COMMAND) & STATUS_INTX).isNotZero();
      rig.set32(7, COMMAND, 0);
      assertThat(rig.bus.interrupts).containsExactly("intx high");
      rig.set32(7, COMMAND, 1 << 10);
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low");
    }
  }

  @Test
  void triggersMsixOncePerEvent() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.bus.msixEnabled = true;
      rig.command(0x101, FakeBus.IOVA, 0, 8);
      rig.command(0x101, FakeBus.IOVA, 0, 8);
      rig.command(1, FakeBus.IOVA, 0, 8);
      rig.set64(ScratchLayout.TIMER, 1);
      rig.run(TestClock.MILLI);
      assertThat(rig.bus.interrupts).containsExactly("msix 2.0", "msix 2.0", "msix 2.1");
      assertThat(rig.get32(ScratchLayout.INT_STATUS)).isEqualTo(3);
      assertThat(rig.config32(COMMAND) & STATUS_INTX).isZero();
    }
  }

  @Test
  void switchesBetweenMsixAndIntx() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.command(0x101, FakeBus.IOVA, 0, 8);
      rig.bus.msixEnabled = true;
      rig.runUntilIdle();
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low");
      rig.bus.msixEnabled = false;
      rig.runUntilIdle();
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low", "intx high");
    }
  }

  @Test
  void lowersLineWhileStopped() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.command(0x101, FakeBus.IOVA, 0, 8);
      rig.device.moveTo(DeviceState.STOP);
      rig.runUntilIdle();
      rig.device.moveTo(DeviceState.RUNNING);
      assertThat(rig.bus.interrupts).containsExactly("intx high", "intx low", "intx high");
      rig.device.reset();
      assertThat(rig.bus.interrupts).last().isEqualTo("intx low");
    }
  }
}
