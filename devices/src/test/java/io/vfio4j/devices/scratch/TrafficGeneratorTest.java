// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.TestClock.MILLI;
import static io.vfio4j.devices.TestClock.SECOND;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.DevicePacer;
import io.vfio4j.devices.FakeBus;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The timer, the traffic and the churn. */
class TrafficGeneratorTest {

  private static final int TIMER_RAISED = 1 << ScratchLayout.TIMER_VECTOR;

  @Test
  void raisesTimerInterruptWhenDue() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set64(ScratchLayout.TIMER, 1500);
      assertThat(rig.runUntilIdle()).isEqualTo(rig.clock.now() + 1_500_000);
      rig.clock.advance(1_499_999);
      rig.runUntilIdle();
      assertThat(rig.get32(ScratchLayout.INT_STATUS)).isZero();
      rig.clock.advance(1);
      assertThat(rig.runUntilIdle()).isEqualTo(Long.MAX_VALUE);
      assertThat(rig.get32(ScratchLayout.INT_STATUS)).isEqualTo(TIMER_RAISED);
    }
  }

  @Test
  void armsTimerOnHighHalfWrite() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set32(ScratchLayout.TIMER, 5);
      assertThat(rig.runUntilIdle()).isEqualTo(Long.MAX_VALUE);
      rig.set32(ScratchLayout.TIMER + 4, 0);
      assertThat(rig.runUntilIdle()).isEqualTo(rig.clock.now() + 5000);
      rig.set64(ScratchLayout.TIMER, 0);
      assertThat(rig.runUntilIdle()).isEqualTo(Long.MAX_VALUE);
      rig.set64(ScratchLayout.TIMER, -1);
      rig.run(3600 * SECOND);
      assertThat(rig.get32(ScratchLayout.INT_STATUS)).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"STOP", "STOP_COPY", "RUNNING_P2P", "PRE_COPY", "PRE_COPY_P2P"})
  void advancesOnlyInRunningStates(DeviceState state) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(4)) {
      rig.traffic(1000, 100);
      rig.set32(ScratchLayout.CHURN_RATE, 100);
      rig.run(SECOND);
      rig.set64(ScratchLayout.TIMER, 500_000);
      rig.device.moveTo(state);
      rig.run(10 * SECOND);
      boolean dma = state == DeviceState.PRE_COPY;
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(dma ? 1100 : 100);
      assertThat(rig.get64(ScratchLayout.CHURN_COUNT)).isEqualTo(state.isRunning() ? 1100 : 100);
      assertThat(rig.get32(ScratchLayout.INT_STATUS)).isEqualTo(state.isRunning() ? TIMER_RAISED : 0);
      rig.device.moveTo(DeviceState.RUNNING);
      rig.run(SECOND);
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(dma ? 1200 : 200);
      assertThat(rig.get64(ScratchLayout.CHURN_COUNT)).isEqualTo(state.isRunning() ? 1200 : 200);
      assertThat(rig.get32(ScratchLayout.INT_STATUS)).isEqualTo(TIMER_RAISED);
    }
  }

  @Test
  void writesEachValueToItsSlot() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.traffic(7, 1000);
      rig.run(100 * MILLI);
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(100);
      for (long n = 94; n <= 100; n++) {
        assertThat(rig.bus.slot((n - 1) % 7)).isEqualTo(n);
      }
      assertThat(rig.bus.slot(7)).isZero();
      assertThat(rig.bus.writtenRanges).hasSize(100);
      rig.set32(ScratchLayout.TRAFFIC_SLOTS, 0);
      rig.run(SECOND);
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(100);
    }
  }

  @Test
  void stopsTrafficOnError() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set64(ScratchLayout.TRAFFIC_IOVA, FakeBus.READ_ONLY_IOVA - 16);
      rig.set32(ScratchLayout.TRAFFIC_SLOTS, 100);
      rig.set32(ScratchLayout.TRAFFIC_RATE, 1000);
      rig.run(SECOND);
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(2);
      assertThat(rig.get32(ScratchLayout.TRAFFIC_RATE)).isZero();
      assertThat(rig.get32(ScratchLayout.STATUS)).isEqualTo(ScratchLayout.STATUS_FAILED);
      assertThat(rig.get32(ScratchLayout.ERROR)).isEqualTo(Errno.EACCES.number());
    }
  }

  @Test
  void changesPagesInTurn() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(3)) {
      rig.set32(ScratchLayout.CHURN_RATE, 10);
      rig.run(SECOND);
      MemorySegment memory = MemorySegment.ofArray(rig.memory());
      assertThat(rig.get64(ScratchLayout.CHURN_COUNT)).isEqualTo(10);
      assertThat(memory.get(JAVA_LONG_UNALIGNED, 0)).isEqualTo(10);
      assertThat(memory.get(JAVA_LONG_UNALIGNED, 4096)).isEqualTo(8);
      assertThat(memory.get(JAVA_LONG_UNALIGNED, 8192)).isEqualTo(9);
    }
  }

  @Test
  void dropsExcessBacklog() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.traffic(1000, 10_000);
      rig.clock.advance(60 * SECOND);
      rig.runUntilIdle();
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(1000);
      rig.run(SECOND);
      assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(11_000);
    }
  }

  @Test
  void boundsWorkAtMaximumRate() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.traffic(1000, -1);
      for (int call = 1; call <= 100; call++) {
        rig.clock.advance(MILLI);
        assertThat(rig.device.runDue(rig.clock.now())).isEqualTo(rig.clock.now());
        assertThat(rig.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo((long) call * DevicePacer.MAX_BATCH);
      }
    }
  }
}
