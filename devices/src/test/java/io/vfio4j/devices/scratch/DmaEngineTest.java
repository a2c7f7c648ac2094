// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.devices.FakeBus;
import io.vfio4j.devices.TestClock;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DmaEngineTest {

  private static final int MIB = 1 << 20;

  private static byte[] noise(int length) {
    byte[] noise = new byte[length];
    new Random(length).nextBytes(noise);
    return noise;
  }

  private static void assertFailed(ScratchFixture rig, Errno errno) throws Exception {
    assertThat(rig.get32(ScratchLayout.STATUS)).isEqualTo(ScratchLayout.STATUS_FAILED);
    assertThat(rig.get32(ScratchLayout.ERROR)).isEqualTo(errno.number());
  }

  @Test
  void movesMemoryBothWays() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(4)) {
      byte[] data = noise(5000);
      rig.bus.memory.asSlice(100).copyFrom(ScratchFixture.segment(data));
      rig.command(ScratchLayout.COMMAND_READ, FakeBus.IOVA + 100, 4001, 5000);
      assertThat(rig.read(2, 4001, 5000)).isEqualTo(data);
      assertThat(rig.read(2, 0, 4001)).containsOnly(0);
      assertThat(rig.bus.writtenRanges).isEmpty();

      rig.command(ScratchLayout.COMMAND_WRITE, FakeBus.IOVA + 9000, 4001, 5000);
      assertThat(rig.bus.memory.asSlice(9000, 5000).toArray(JAVA_BYTE)).isEqualTo(data);
      assertThat(rig.bus.writtenRanges).containsExactly(new IovaRange(FakeBus.IOVA + 9000, 5000));
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isEqualTo(2);
      assertThat(rig.get32(ScratchLayout.STATUS)).isZero();
      assertThat(rig.get32(ScratchLayout.INT_STATUS)).isZero();
    }
  }

  @Test
  void splitsLongCommands() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(3 * 256)) {
      byte[] data = noise(5 * MIB / 2);
      rig.bus.memory.copyFrom(ScratchFixture.segment(data));
      rig.set64(ScratchLayout.DMA_IOVA, FakeBus.IOVA);
      rig.set64(ScratchLayout.DMA_LENGTH, data.length);
      rig.set32(ScratchLayout.COMMAND, 0x101);
      rig.set64(ScratchLayout.DMA_IOVA, 0);
      for (int piece = 0; piece < 2; piece++) {
        assertThat(rig.get32(ScratchLayout.STATUS)).isEqualTo(ScratchLayout.STATUS_BUSY);
        assertThat(rig.device.runDue(rig.clock.now())).isEqualTo(rig.clock.now());
      }
      assertThat(rig.bus.interrupts).isEmpty();
      assertThat(rig.device.runDue(rig.clock.now())).isEqualTo(Long.MAX_VALUE);
      assertThat(rig.bus.interrupts).containsExactly("intx high");
      assertThat(rig.read(2, 0, data.length)).isEqualTo(data);
    }
  }

  @Test
  void leavesMemoryUntouchedIfLaterChunkUnreachable() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(3 * 256)) {
      rig.bus.memory.fill((byte) 1);
      rig.command(1, FakeBus.IOVA + FakeBus.SIZE - 2 * MIB, 0, 2 * MIB + 1);
      assertFailed(rig, Errno.EFAULT);
      assertThat(rig.memory()).containsOnly(0);
      rig.command(2, FakeBus.READ_ONLY_IOVA - 2 * MIB, 0, 2 * MIB + 1);
      assertFailed(rig, Errno.EACCES);
      assertThat(rig.bus.writtenRanges).isEmpty();
    }
  }

  @Test
  void rejectsCommandWhileBusy() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.set64(ScratchLayout.DMA_IOVA, FakeBus.IOVA);
      rig.set64(ScratchLayout.DMA_LENGTH, 8);
      rig.set32(ScratchLayout.COMMAND, 1);
      rig.set32(ScratchLayout.COMMAND, 0x102);
      assertThat(rig.get32(ScratchLayout.STATUS)).isEqualTo(3);
      assertThat(rig.get32(ScratchLayout.ERROR)).isEqualTo(Errno.EBUSY.number());
      rig.runUntilIdle();
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isEqualTo(1);
      assertThat(rig.get32(ScratchLayout.STATUS)).isZero();
      assertThat(rig.get32(ScratchLayout.ERROR)).isEqualTo(Errno.EBUSY.number());
      assertThat(rig.bus.interrupts).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 0x100, 0x103, 0x201, -1})
  void rejectsUnknownCommands(int code) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.command(code, FakeBus.IOVA, 0, 8);
      assertFailed(rig, Errno.EINVAL);
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({"0,4097", "1,4096", "4096,1", "4097,0", "-1,1", "0,-1", "-8,16", "4095,-1"})
  void rejectsRangesBeyondMemory(long offset, long length) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.bus.memory.fill((byte) 1);
      rig.command(0x101, FakeBus.IOVA, offset, length);
      assertFailed(rig, Errno.EINVAL);
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isEqualTo(1);
      assertThat(rig.bus.interrupts).containsExactly("intx high");
      assertThat(rig.memory()).containsOnly(0);
      rig.command(0x102, FakeBus.IOVA, offset, length);
      assertThat(rig.bus.writtenRanges).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"4096,0", "0,0", "0,4096"})
  void acceptsRangesWithinMemory(long offset, long length) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.command(1, FakeBus.IOVA, offset, length);
      assertThat(rig.get32(ScratchLayout.STATUS)).isZero();
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isEqualTo(1);
    }
  }

  @Test
  void reportsBusErrors() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(2)) {
      rig.bus.memory.fill((byte) 1);
      rig.command(1, FakeBus.IOVA + FakeBus.SIZE - 4096, 0, 4097);
      assertFailed(rig, Errno.EFAULT);
      assertThat(rig.memory()).containsOnly(0);
      rig.command(2, FakeBus.READ_ONLY_IOVA - 1, 0, 2);
      assertFailed(rig, Errno.EACCES);
      assertThat(rig.bus.memory.asSlice(FakeBus.READ_ONLY_IOVA - FakeBus.IOVA - 1, 2).toArray(JAVA_BYTE))
          .containsOnly(1);
      rig.bus.failure = Optional.of(Errno.ETIMEDOUT);
      rig.command(1, FakeBus.IOVA, 0, 8);
      assertFailed(rig, Errno.ETIMEDOUT);
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"STOP", "STOP_COPY", "RESUMING"})
  void ignoresAndLogsCommandsWhileStopped(DeviceState state) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.device.moveTo(state);
      rig.command(1, FakeBus.IOVA, 0, 8);
      assertThat(rig.log).containsExactly("scratch: ignored command 0x1: the device is stopped");
      assertThat(rig.get32(ScratchLayout.STATUS)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"RUNNING_P2P", "PRE_COPY_P2P", "STOP", "STOP_COPY"})
  void finishesCommandBeforeQuiescence(DeviceState state) throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(3 * 256)) {
      rig.bus.memory.fill((byte) 1);
      rig.set64(ScratchLayout.DMA_IOVA, FakeBus.IOVA);
      rig.set64(ScratchLayout.DMA_LENGTH, 3 * MIB);
      rig.set32(ScratchLayout.COMMAND, 1);
      rig.device.runDue(rig.clock.now());
      rig.device.moveTo(state);
      assertThat(rig.get32(ScratchLayout.STATUS)).isZero();
      assertThat(rig.memory()).containsOnly(1);
    }
  }

  @Test
  void queuesCommandsWhileQuiesced() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      rig.bus.memory.fill((byte) 1);
      rig.device.moveTo(DeviceState.RUNNING_P2P);
      rig.command(0x101, FakeBus.IOVA, 0, 4096);
      rig.run(TestClock.SECOND);
      assertThat(rig.get32(ScratchLayout.STATUS)).isEqualTo(ScratchLayout.STATUS_BUSY);
      rig.device.moveTo(DeviceState.STOP);
      assertThat(rig.memory()).containsOnly(0);
      rig.device.moveTo(DeviceState.RUNNING);
      rig.runUntilIdle();
      assertThat(rig.memory()).containsOnly(1);
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isEqualTo(1);
    }
  }
}
