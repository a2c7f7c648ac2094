// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.TestClock.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.FakeBus;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.IovaRange;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The traffic that stops in the P2P states, and the traffic that does not. */
class DmaQuiescenceTest {

  private static final int RATE = 100;
  /** The slots of the traffic. */
  private static final IovaRange SLOTS = new IovaRange(FakeBus.IOVA, 1000 * 8);
  /** The memory after the slots. */
  private static final IovaRange ELSEWHERE = new IovaRange(FakeBus.IOVA + 1000 * 8, 4096);

  private static ScratchFixture runningFor(int seconds) throws Exception {
    ScratchFixture rig = ScratchFixture.withPages(4);
    rig.traffic(1000, RATE);
    rig.run(seconds * SECOND);
    return rig;
  }

  private static long count(ScratchFixture rig) throws Exception {
    return rig.get64(ScratchLayout.TRAFFIC_COUNT);
  }

  @ParameterizedTest
  @EnumSource(names = {"RUNNING_P2P", "PRE_COPY_P2P"})
  void continuesDmaInP2pWithoutPeers(DeviceState state) throws Exception {
    try (ScratchFixture rig = runningFor(1)) {
      rig.bus.kindsKnown = true;
      rig.device.moveTo(state);
      rig.run(2 * SECOND);
      assertThat(count(rig)).isEqualTo(3 * RATE);
      rig.bus.memory.fill((byte) 1);
      rig.command(1, FakeBus.IOVA, 0, 4096);
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isEqualTo(1);
      assertThat(rig.read(2, 0, 4096)).containsOnly(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, false"})
  void pausesTrafficThatMayReachPeer(boolean kindsKnown, boolean nextToIt) throws Exception {
    try (ScratchFixture rig = runningFor(1)) {
      rig.bus.kindsKnown = kindsKnown;
      rig.bus.peer = kindsKnown
          ? Optional.of(nextToIt ? new IovaRange(SLOTS.last(), 4096) : SLOTS)
          : rig.bus.peer;
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      rig.bus.writtenRanges.clear();
      rig.run(10 * SECOND);
      assertThat(rig.bus.writtenRanges).isEmpty();
      assertThat(count(rig)).isEqualTo(RATE);
      rig.device.moveTo(DeviceState.RUNNING);
      rig.run(SECOND);
      assertThat(count(rig)).isEqualTo(2 * RATE);
      assertThat(rig.bus.slot(RATE)).isEqualTo(RATE + 1);
    }
  }

  @Test
  void continuesMemoryTrafficBesidePeer() throws Exception {
    try (ScratchFixture rig = runningFor(1)) {
      rig.bus.kindsKnown = true;
      rig.bus.peer = Optional.of(ELSEWHERE);
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      rig.run(SECOND);
      assertThat(count(rig)).isEqualTo(2 * RATE);

      rig.command(1, ELSEWHERE.iova(), 0, 8);
      assertThat(rig.get32(ScratchLayout.STATUS)).isEqualTo(ScratchLayout.STATUS_BUSY);
      rig.device.moveTo(DeviceState.RUNNING);
      rig.runUntilIdle();
      assertThat(rig.get32(ScratchLayout.STATUS)).isZero();
    }
  }

  /** A driver may map a peer while the device is already quiesced. */
  @Test
  void stopsTrafficToPeerMappedInP2p() throws Exception {
    try (ScratchFixture rig = runningFor(1)) {
      rig.bus.kindsKnown = true;
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      rig.run(SECOND);
      rig.bus.peer = Optional.of(SLOTS);
      rig.run(SECOND);
      assertThat(count(rig)).isEqualTo(2 * RATE);
      rig.bus.peer = Optional.empty();
      rig.run(SECOND);
      assertThat(count(rig)).isEqualTo(3 * RATE);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RUNNING_P2P", "PRE_COPY_P2P"})
  void haltsAllDmaOnRequest(DeviceState state) throws Exception {
    try (ScratchFixture rig = runningFor(1)) {
      rig.bus.kindsKnown = true;
      rig.device.haltAllDma(true);
      rig.run(SECOND);
      assertThat(count(rig)).as("only in the P2P states").isEqualTo(2 * RATE);
      rig.device.moveTo(state);
      rig.run(SECOND);
      rig.command(1, FakeBus.IOVA, 0, 8);
      assertThat(count(rig)).isEqualTo(2 * RATE);
      assertThat(rig.get32(ScratchLayout.STATUS)).isEqualTo(ScratchLayout.STATUS_BUSY);
      rig.device.haltAllDma(false);
      rig.run(SECOND);
      assertThat(count(rig)).isEqualTo(3 * RATE);
      assertThat(rig.get32(ScratchLayout.STATUS)).isZero();
    }
  }

  /** Host memory is written until the device stops. */
  @Test
  void finishesCommandBeforeStop() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(3 * 256)) {
      rig.bus.kindsKnown = true;
      rig.bus.memory.fill((byte) 1);
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      rig.set64(ScratchLayout.DMA_IOVA, FakeBus.IOVA);
      rig.set64(ScratchLayout.DMA_LENGTH, 3 << 20);
      rig.set32(ScratchLayout.COMMAND, 1);
      rig.device.runDue(rig.clock.now());
      assertThat(rig.get32(ScratchLayout.STATUS)).isEqualTo(ScratchLayout.STATUS_BUSY);
      rig.device.moveTo(DeviceState.STOP);
      assertThat(rig.get32(ScratchLayout.STATUS)).isZero();
      assertThat(rig.memory()).containsOnly(1);
    }
  }
}
