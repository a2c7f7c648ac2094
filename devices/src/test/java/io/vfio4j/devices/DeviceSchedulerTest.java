// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import org.junit.jupiter.api.Test;

/** A device's own work, and the states in which it runs. */
class DeviceSchedulerTest {

  private static final long MILLI = TestClock.MILLI;

  @Test
  void countsTimerOnlyWhileRunning() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.set64(0, TestPciDevice.TIMER, 10 * MILLI);
      rig.run(4 * MILLI);
      rig.device.moveTo(DeviceState.STOP);
      rig.run(100 * MILLI);
      rig.device.moveTo(DeviceState.RUNNING);
      rig.run(6 * MILLI - 1);
      assertThat(rig.get32(0, TestPciDevice.STATUS)).isZero();
      rig.run(1);
      assertThat(rig.get32(0, TestPciDevice.STATUS)).isEqualTo(2);
      assertThat(rig.device.timer.isArmed()).isFalse();
    }
  }

  @Test
  void migratesRemainingTimerTime() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new); var target = DeviceFixture.of(TestPciDevice::new)) {
      rig.set64(0, TestPciDevice.TIMER, 10 * MILLI);
      rig.run(4 * MILLI);
      target.run(7 * MILLI);
      target.load(rig.saved());
      target.run(50 * MILLI);
      assertThat(target.device.timer.remaining()).isEqualTo(6 * MILLI);
      target.device.moveTo(DeviceState.RUNNING);
      target.run(6 * MILLI - 1);
      assertThat(target.get32(0, TestPciDevice.STATUS)).isZero();
      target.run(1);
      assertThat(target.get32(0, TestPciDevice.STATUS)).isEqualTo(2);
    }
  }

  @Test
  void acceptsTimerBeyondClock() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.set64(0, TestPciDevice.TIMER, Long.MAX_VALUE);
      rig.run(1000 * MILLI);
      assertThat(rig.device.timer.isArmed()).isTrue();
      rig.device.timer.cancel();
      assertThat(rig.runUntilIdle()).isEqualTo(Long.MAX_VALUE);
    }
  }

  @Test
  void pausesPacedDmaInP2p() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.set32(0, TestPciDevice.RATE, 1000);
      rig.run(20 * MILLI);
      assertThat(rig.get64(0, TestPciDevice.COUNT)).isEqualTo(20);
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      rig.run(20 * MILLI);
      assertThat(rig.get64(0, TestPciDevice.COUNT)).isEqualTo(20);
      rig.device.moveTo(DeviceState.RUNNING);
      rig.run(5 * MILLI);
      assertThat(rig.get64(0, TestPciDevice.COUNT)).isEqualTo(25);
      rig.set32(0, TestPciDevice.RATE, 0);
      assertThat(rig.runUntilIdle()).isEqualTo(Long.MAX_VALUE);
    }
  }

  @Test
  void continuesMemoryDmaInP2pStatesUnlessHaltAll() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.bus.kindsKnown = true;
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      rig.set32(0, TestPciDevice.RATE, 1000);
      rig.set32(0, TestPciDevice.COPY, 2);
      rig.run(5 * MILLI);
      assertThat(rig.get64(0, TestPciDevice.COUNT)).isEqualTo(5);
      assertThat(rig.device.copies).isEqualTo(2);
      rig.device.haltAllDma(true);
      rig.set32(0, TestPciDevice.COPY, 1);
      rig.run(5 * MILLI);
      assertThat(rig.get64(0, TestPciDevice.COUNT)).isEqualTo(5);
      assertThat(rig.device.copies).isEqualTo(2);
      assertThatThrownBy(rig.device::writeDma).hasMessageContaining("EBUSY");
    }
  }

  @Test
  void migratesPacerRate() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new); var target = DeviceFixture.of(TestPciDevice::new)) {
      rig.set32(0, TestPciDevice.RATE, 1000);
      rig.run(3 * MILLI);
      target.load(rig.saved());
      target.device.moveTo(DeviceState.RUNNING);
      target.run(4 * MILLI);
      assertThat(target.get64(0, TestPciDevice.COUNT)).isEqualTo(7);
    }
  }

  /** Runs a task's first step, which takes longer than the steps of one call may. */
  private static void runSlowStep(DeviceFixture<TestPciDevice> rig) throws Exception {
    rig.clock.stepBy(MILLI);
    long now = rig.clock.now();
    assertThat(rig.device.runDue(now)).as("more work is due at once").isEqualTo(now);
    rig.clock.stepBy(0);
  }

  @Test
  void runsQuickStepsOfTaskTogether() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.set32(0, TestPciDevice.COPY, 20);
      rig.device.runDue(rig.clock.now());
      assertThat(rig.device.copies).isEqualTo(16);
      assertThat(rig.device.runDue(rig.clock.now())).isEqualTo(Long.MAX_VALUE);
      assertThat(rig.device.copies).isEqualTo(20);
    }
  }

  @Test
  void finishesDmaTaskBeforeQuiescence() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.set32(0, TestPciDevice.COPY, 3);
      runSlowStep(rig);
      assertThat(rig.device.copies).isEqualTo(1);
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      assertThat(rig.device.copies).isEqualTo(3);
      assertThat(rig.get32(0, TestPciDevice.STATUS)).isEqualTo(1);
      assertThat(rig.bus.writtenRanges).hasSize(3);
    }
  }

  @Test
  void runsPendingDmaTaskAtTarget() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new); var target = DeviceFixture.of(TestPciDevice::new)) {
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      rig.set32(0, TestPciDevice.COPY, 2);
      rig.runUntilIdle();
      assertThat(rig.device.copies).isZero();
      target.load(rig.saved());
      assertThat(target.device.copy.isBusy()).isTrue();
      target.device.moveTo(DeviceState.RUNNING);
      target.runUntilIdle();
      assertThat(target.device.copies).isEqualTo(2);
      assertThat(target.get32(0, TestPciDevice.STATUS)).isEqualTo(1);
      assertThat(rig.device.copies).isZero();
    }
  }

  @Test
  void ignoresAndLogsCommandWhileStopped() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.device.moveTo(DeviceState.STOP);
      rig.set32(0, TestPciDevice.COPY, 3);
      rig.device.moveTo(DeviceState.RUNNING);
      rig.runUntilIdle();
      assertThat(rig.device.copies).isZero();
      assertThat(rig.log).containsExactly("device: ignored copy 0x3: the device is stopped");
    }
  }

  @Test
  void rejectsUnscheduledDmaWhileQuiesced() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      rig.device.writeDma();
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      assertThatThrownBy(rig.device::writeDma).isInstanceOf(ErrnoException.class)
          .hasMessageContaining("EBUSY");
      assertThat(rig.bus.writtenRanges).hasSize(1);
    }
  }

  @Test
  void rejectsDeclarationsAfterConstruction() throws Exception {
    try (var rig = DeviceFixture.of(TestPciDevice::new)) {
      assertThatThrownBy(() -> rig.device.registers.register32("LATE", 0x100))
          .hasMessageContaining("constructor");
      assertThatThrownBy(() -> rig.device.field.optional()).isInstanceOf(IllegalStateException.class);
    }
    try (TestPciDevice alone = new TestPciDevice(DeviceSetup.named("alone"))) {
      assertThatThrownBy(() -> alone.timer.start(1)).hasMessageContaining("not attached");
    }
  }
}
