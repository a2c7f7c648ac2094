// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.TestClock.MILLI;
import static io.vfio4j.devices.TestClock.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.devices.FakeBus;
import io.vfio4j.devices.RandomSeeds;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchMigrationTest {

  private static final int PAGES = 70;

  private static void fill(ScratchFixture rig, Random random) throws Exception {
    byte[] noise = new byte[(int) rig.device.config().memorySize()];
    random.nextBytes(noise);
    rig.write(ScratchLayout.MEMORY_BAR, 0, noise);
  }

  /** Returns all registers except those that describe the device itself. */
  private static byte[] registers(ScratchFixture rig) throws Exception {
    return rig.read(ScratchLayout.REGISTERS_BAR, 0x10, 0x100);
  }

  private static void assertErrno(ThrowingCallable call, Errno errno) {
    assertThatThrownBy(call).isInstanceOfSatisfying(DeviceException.class,
        e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno));
  }

  private static void setRegisters(ScratchFixture rig, Random random) throws Exception {
    rig.set64(ScratchLayout.SCRATCH, random.nextLong());
    rig.traffic(100, 200);
    rig.set32(ScratchLayout.CHURN_RATE, 50);
    rig.run(random.nextInt(2000) * MILLI);
    rig.command(0x101, FakeBus.IOVA + 8, 16, 24);
    rig.command(2, 5, 6, 7);
  }

  @Test
  void migratesWithAnyReadAndWriteSizes() {
    RandomSeeds.each(20, random -> {
      try (ScratchFixture source = ScratchFixture.withPages(PAGES);
          ScratchFixture target = ScratchFixture.withPages(PAGES)) {
        fill(source, random);
        setRegisters(source, random);
        SavingSession saving = source.save(DeviceState.STOP_COPY);
        int most = 1 + (random.nextBoolean() ? random.nextInt(100) : random.nextInt(300_000));
        byte[] state = ScratchFixture.drain(saving, most);
        ResumingSession resuming = target.resume();
        for (int at = 0; at < state.length;) {
          int length = Math.min(state.length - at, 1 + random.nextInt(random.nextBoolean() ? 100 : 300_000));
          resuming.write(ScratchFixture.segment(Arrays.copyOfRange(state, at, at + length)));
          at += length;
        }
        target.device.moveTo(DeviceState.STOP);
        assertThat(registers(target)).isEqualTo(registers(source));
        assertThat(target.memory()).isEqualTo(source.memory());
      }
    });
  }

  @Test
  void migratesByteByByte() throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(2);
        ScratchFixture target = ScratchFixture.withPages(2)) {
      fill(source, new Random(1));
      setRegisters(source, new Random(2));
      byte[] state = ScratchFixture.drain(source.save(DeviceState.STOP_COPY), 1);
      ResumingSession resuming = target.resume();
      for (byte one : state) {
        resuming.write(ScratchFixture.segment(one));
      }
      target.device.moveTo(DeviceState.STOP);
      assertThat(registers(target)).isEqualTo(registers(source));
      assertThat(target.memory()).isEqualTo(source.memory());
    }
  }

  @Test
  void resumesWhereItStopped() throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(2);
        ScratchFixture target = ScratchFixture.withPages(2)) {
      source.traffic(1000, 100);
      source.set32(ScratchLayout.CHURN_RATE, 10);
      source.run(SECOND);
      source.set64(ScratchLayout.TIMER, 300_000);
      source.run(100 * MILLI);
      target.load(source.saved());
      target.clock.advance(3600 * SECOND);
      target.device.moveTo(DeviceState.RUNNING);
      target.run(100 * MILLI);
      assertThat(target.bus.interrupts).isEmpty();
      assertThat(target.bus.slot(109)).isZero();
      assertThat(target.bus.slot(110)).isEqualTo(111);
      target.run(100 * MILLI);
      assertThat(target.bus.interrupts).containsExactly("intx high");
      assertThat(target.get64(ScratchLayout.TRAFFIC_COUNT)).isEqualTo(130);
      assertThat(target.get64(ScratchLayout.CHURN_COUNT)).isEqualTo(13);
    }
  }

  @Test
  void migratesPendingCommand() throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(2);
        ScratchFixture target = ScratchFixture.withPages(2)) {
      source.device.moveTo(DeviceState.RUNNING_P2P);
      source.command(0x101, FakeBus.IOVA, 0, 4096);
      target.load(source.saved());
      target.bus.memory.fill((byte) 3);
      assertThat(target.get32(ScratchLayout.STATUS)).isEqualTo(ScratchLayout.STATUS_BUSY);
      target.device.moveTo(DeviceState.RUNNING);
      target.runUntilIdle();
      assertThat(target.read(2, 0, 4096)).containsOnly(3);
      assertThat(target.bus.interrupts).containsExactly("intx high");
    }
  }

  @Test
  void raisesPendingInterruptAtTarget() throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(1);
        ScratchFixture target = ScratchFixture.withPages(1)) {
      source.command(0x101, FakeBus.IOVA, 0, 8);
      target.load(source.saved());
      assertThat(target.bus.interrupts).isEmpty();
      target.device.moveTo(DeviceState.RUNNING_P2P);
      assertThat(target.bus.interrupts).containsExactly("intx high");
    }
  }

  @Test
  void convergesWhileItChanges() {
    RandomSeeds.each(10, random -> {
      try (ScratchFixture source = ScratchFixture.withPages(PAGES);
          ScratchFixture target = ScratchFixture.withPages(PAGES)) {
        fill(source, random);
        source.set32(ScratchLayout.CHURN_RATE, 200);
        source.bus.memory.fill((byte) 9);
        SavingSession saving = source.save(DeviceState.PRE_COPY);
        ByteArrayOutputStream state = new ByteArrayOutputStream();
        MemorySegment into = Arena.ofAuto().allocate(1 + random.nextInt(100_000));
        for (int round = 0; round < 200; round++) {
          long got = saving.read(into);
          state.write(into.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
          source.run(random.nextInt(10) * MILLI);
          if (random.nextInt(4) == 0) {
            source.command(1, FakeBus.IOVA, random.nextInt((PAGES - 2) * 4096), random.nextInt(8192));
            source.write(2, random.nextInt(PAGES * 4096 - 2), (byte) 7, (byte) 8);
          }
        }
        source.device.moveTo(DeviceState.PRE_COPY_P2P);
        source.run(20 * MILLI);
        source.device.moveTo(DeviceState.STOP_COPY);
        state.writeBytes(ScratchFixture.drain(saving, 1 << 20));
        target.load(state.toByteArray());
        assertThat(registers(target)).isEqualTo(registers(source));
        assertThat(target.memory()).isEqualTo(source.memory());
      }
    });
  }

  @Test
  void estimatesRemainingBytes() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(PAGES)) {
      long whole = rig.device.stopCopyLength().orElseThrow();
      SavingSession saving = rig.save(DeviceState.PRE_COPY);
      PreCopyInfo info = saving.preCopyInfo().orElseThrow();
      assertThat(info.initialBytes()).isEqualTo(32 + PAGES * 4096 + 5 * 24);
      assertThat(info.dirtyBytes()).isZero();
      MemorySegment into = Arena.ofAuto().allocate(1000);
      while (saving.read(into) > 0) {
        PreCopyInfo now = saving.preCopyInfo().orElseThrow();
        assertThat(now.initialBytes()).isLessThan(info.initialBytes());
        info = now;
      }
      assertThat(info).isEqualTo(new PreCopyInfo(0, 0, false));
      assertThat(saving.read(into)).isEqualTo(SavingSession.NOTHING_NOW);

      rig.write(2, 4095, (byte) 1, (byte) 1);
      assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(0, 8192, false));
      assertThat(saving.read(into)).isEqualTo(1000);
      assertThat(saving.preCopyInfo()).contains(new PreCopyInfo(0, 4096 + 24 + 4096 - 1000, false));
      rig.device.moveTo(DeviceState.STOP_COPY);
      long left = rig.device.stopCopyLength().orElseThrow();
      assertThat(left).isLessThan(whole);
      assertThat(ScratchFixture.drain(saving, 1 << 20)).hasSize((int) left);
      assertThat(rig.device.stopCopyLength()).hasValue(0);
    }
    try (ScratchFixture rig = ScratchFixture.withPages(PAGES)) {
      long whole = rig.device.stopCopyLength().orElseThrow();
      assertThat(rig.saved()).hasSize((int) whole);
    }
  }

  @Test
  void endsSessionsWithStates() throws Exception {
    try (ScratchFixture rig = ScratchFixture.withPages(1)) {
      MemorySegment into = Arena.ofAuto().allocate(100_000);
      SavingSession saving = rig.save(DeviceState.STOP_COPY);
      assertErrno(saving::preCopyInfo, Errno.EINVAL);
      while (saving.read(into) > 0) {
        // To the end.
      }
      assertThat(saving.read(into)).isEqualTo(SavingSession.END);
      rig.device.moveTo(DeviceState.STOP);
      assertErrno(() -> saving.read(into), Errno.ENODEV);
      assertErrno(saving::preCopyInfo, Errno.ENODEV);
      ResumingSession resuming = rig.resume();
      rig.device.reset();
      assertErrno(() -> resuming.write(into), Errno.ENODEV);
      assertThat(rig.device.state()).isEqualTo(DeviceState.RUNNING);
      SavingSession closed = rig.save(DeviceState.PRE_COPY);
      closed.close();
      assertErrno(() -> closed.read(into), Errno.ENODEV);
      rig.device.moveTo(DeviceState.STOP_COPY);
    }
  }

  @Test
  void offersOnlyConfiguredFeatures() throws Exception {
    try (ScratchFixture rig =
        ScratchFixture.of(ScratchFixture.config(1).withFeatures(MigrationFeatures.NONE))) {
      for (DeviceState state : DeviceState.values()) {
        assertErrno(() -> rig.device.moveTo(state), Errno.ENOTTY);
      }
      assertThat(rig.device.stopCopyLength()).isEmpty();
    }
    try (ScratchFixture rig = ScratchFixture
        .of(ScratchFixture.config(1).withFeatures(MigrationFeatures.of(MigrationFeature.PRE_COPY)))) {
      assertErrno(() -> rig.device.moveTo(DeviceState.RUNNING_P2P), Errno.EINVAL);
      rig.bus.memory.fill((byte) 1);
      rig.set64(ScratchLayout.DMA_IOVA, FakeBus.IOVA);
      rig.set64(ScratchLayout.DMA_LENGTH, 8);
      SavingSession saving = rig.save(DeviceState.PRE_COPY);
      rig.set32(ScratchLayout.COMMAND, 1);
      rig.device.moveTo(DeviceState.STOP_COPY);
      assertThat(rig.get64(ScratchLayout.COMPLETED)).isEqualTo(1);
      ScratchFixture.drain(saving, 10_000);
      assertErrno(() -> rig.device.moveTo(DeviceState.PRE_COPY), Errno.EINVAL);
    }
  }

  @Test
  void resetsToInitialContent(@TempDir Path folder) throws Exception {
    byte[] content = new byte[5000];
    Arrays.fill(content, (byte) 4);
    Path file = Files.write(folder.resolve("content"), content);
    for (boolean mappable : new boolean[] {false, true}) {
      try (ScratchFixture rig =
          ScratchFixture.of(ScratchFixture.config(3).withContent(file).withMappable(mappable))) {
        byte[] initial = rig.memory();
        assertThat(Arrays.copyOf(initial, 5000)).isEqualTo(content);
        assertThat(Arrays.copyOfRange(initial, 5000, 3 * 4096)).containsOnly(0);
        fill(rig, new Random(1));
        setRegisters(rig, new Random(2));
        rig.device.moveTo(DeviceState.STOP_COPY);
        rig.device.reset();
        assertThat(rig.memory()).isEqualTo(initial);
        assertThat(registers(rig)).containsOnly(0);
        assertThat(rig.runUntilIdle()).isEqualTo(Long.MAX_VALUE);
      }
      try (ScratchFixture rig =
          ScratchFixture.of(ScratchFixture.config(1).withContent(file).withMappable(mappable))) {
        assertThat(rig.memory()).containsOnly(4);
      }
    }
  }

  @Test
  void rejectsLeavingResumingBeforeEnd() throws Exception {
    try (ScratchFixture source = ScratchFixture.withPages(1);
        ScratchFixture target = ScratchFixture.withPages(1)) {
      source.set64(ScratchLayout.SCRATCH, 77);
      source.write(2, 0, (byte) 1);
      byte[] state = source.saved();
      ResumingSession resuming = target.resume();
      for (int length : new int[] {0, 10, 32, 40, state.length - 1}) {
        resuming.write(ScratchFixture.segment(Arrays.copyOf(state, length)));
        assertThatThrownBy(() -> target.device.moveTo(DeviceState.RUNNING))
            .isInstanceOfSatisfying(TransitionException.class, e -> {
              assertThat(e.errno()).isEqualTo(Errno.EINVAL);
              assertThat(e.reached()).isEqualTo(DeviceState.RESUMING);
            });
        target.device.reset();
        assertThat(target.memory()).containsOnly(0);
        assertThat(target.get64(ScratchLayout.SCRATCH)).isZero();
        resuming = target.resume();
      }
    }
  }

  @Test
  void keepsNothingBetweenLoads() throws Exception {
    // The source continues and is saved again: the target of the first stream does not see the second.
    try (ScratchFixture source = ScratchFixture.withPages(1);
        ScratchFixture target = ScratchFixture.withPages(1)) {
      byte[] first = source.saved();
      source.device.moveTo(DeviceState.RUNNING);
      source.write(2, 0, (byte) 1);
      byte[] second = source.saved();
      target.load(second);
      assertThat(target.memory()).isEqualTo(source.memory());
      target.device.moveTo(DeviceState.STOP);
      target.load(first);
      assertThat(target.memory()).containsOnly(0);
    }
  }
}
