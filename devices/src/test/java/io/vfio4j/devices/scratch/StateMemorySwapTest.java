// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.client.ClientStateMemory.Exported;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.MappedRegion;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The memory of a device goes by descriptor from one server to another, over sockets, while a VMM uses the device. */
@Timeout(60)
class StateMemorySwapTest {

  private static final int MEMORY = ScratchLayout.MEMORY_BAR;
  private static final long SIZE = 1L << 20;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /** Steps of a swap, at each of which it may be rolled back. */
  enum Step {
    ADOPTED,
    WRITTEN,
    LOADED,
    STAGED,
    SURRENDERED
  }

  @TempDir
  private Path folder;

  private ServedScratch serve(String name, ScratchConfig config) throws IOException {
    return new ServedScratch(folder, name, config, options -> options);
  }

  private static ScratchConfig config() {
    return ScratchConfig.named("scratch").withMemorySize(SIZE).withPassesMemory(true);
  }

  /** A swap from one server to another, step by step. */
  private static final class Swap {

    private final ControlClient from;
    private final ControlClient to;
    private long bytes;

    Swap(ServedScratch from, ServedScratch to) {
      this.from = from.control;
      this.to = to.control;
    }

    /** Takes all steps up to one. */
    Swap upTo(Step last) throws DeviceException {
      ResumingSession resuming =
          (ResumingSession) to.device().moveTo(DeviceState.RESUMING).session().orElseThrow();
      assertThat(from.passStateMemory(to)).isEmpty();
      if (last.compareTo(Step.WRITTEN) >= 0) {
        copyState(resuming);
      }
      if (last.compareTo(Step.LOADED) >= 0) {
        to.device().moveTo(DeviceState.STOP);
      }
      if (last.compareTo(Step.STAGED) >= 0) {
        from.passConnection(to);
      }
      if (last.compareTo(Step.SURRENDERED) >= 0) {
        from.surrender(from.info().token());
      }
      return this;
    }

    void copyState(ResumingSession resuming) throws DeviceException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment buffer = arena.allocate(1 << 20);
        SavingSession saving =
            (SavingSession) from.device().moveTo(DeviceState.STOP_COPY).session().orElseThrow();
        for (long read = saving.read(buffer); read >= 0; read = saving.read(buffer)) {
          resuming.write(buffer.asSlice(0, read));
          bytes += read;
        }
      }
    }

    void complete() throws DeviceException {
      to.device().moveTo(DeviceState.RUNNING);
      from.release(from.info().token());
    }

    void rollBack() throws DeviceException {
      to.device().reset();
      from.device().moveTo(DeviceState.RUNNING);
    }
  }

  private static void assertRefused(Errno errno, String reason, Action action) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(action::run).withMessageContaining(reason)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  private interface Action {
    void run() throws Exception;
  }

  @Test
  void copiesNothingOf1GiB() throws Exception {
    long size = 1L << 30;
    try (ServedScratch a = serve("a", config().withMemorySize(size));
        ServedScratch b = serve("b", config().withMemorySize(size));
        VfioUserClient vmm = a.connect()) {
      vmm.writeLong(MEMORY, size - 8, 77);
      ServedScratch[] servers = {a, b};
      for (int i = 0; i < 4; i++) {
        vmm.writeLong(MEMORY, i * (size / 4), i + 100);
        Swap swap = new Swap(servers[i % 2], servers[(i + 1) % 2]).upTo(Step.SURRENDERED);
        swap.complete();
        assertThat(swap.bytes).isLessThan(4096);
        for (int written = 0; written <= i; written++) {
          assertThat(vmm.readLong(MEMORY, written * (size / 4))).isEqualTo(written + 100);
        }
        assertThat(vmm.readLong(MEMORY, size - 8)).isEqualTo(77);
      }
    }
  }

  @Test
  void formerServerHasMemoryOfItsOwnAfterwards() throws Exception {
    try (ServedScratch a = serve("a", config());
        ServedScratch b = serve("b", config());
        VfioUserClient vmm = a.connect()) {
      vmm.writeLong(MEMORY, 0, 1);
      new Swap(a, b).upTo(Step.SURRENDERED).complete();
      try (VfioUserClient next = a.connect()) {
        assertThat(next.readLong(MEMORY, 0)).isZero();
        next.writeLong(MEMORY, 0, 2);
        assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(1);
        vmm.writeLong(MEMORY, 0, 3);
        assertThat(next.readLong(MEMORY, 0)).isEqualTo(2);
      }
    }
  }

  /** The guest also writes to the memory that it has mapped while the device is held. */
  @ParameterizedTest
  @EnumSource(Step.class)
  void rollbackFindsMemoryUntouched(Step last) throws Exception {
    try (ServedScratch a = serve("a", config().withMappable(true));
        ServedScratch b = serve("b", config().withMappable(true));
        VfioUserClient vmm = a.connect();
        MappedRegion mapped = vmm.mapRegion(MEMORY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment guest = MemoryMap.shared(mapped.fd(), 0, SIZE, true, arena);
      for (long at = 0; at < SIZE; at += Long.BYTES) {
        guest.set(LONG, at, ~at);
      }
      Swap swap = new Swap(a, b).upTo(last);
      guest.set(LONG, 4096, 4);
      swap.rollBack();
      assertThat(guest.get(LONG, 4096)).isEqualTo(4);
      guest.set(LONG, 4096, ~4096L);
      for (long at = 0; at < SIZE; at += Long.BYTES) {
        assertThat(guest.get(LONG, at)).isEqualTo(~at);
      }
      assertThat(vmm.readLong(MEMORY, 4096)).isEqualTo(~4096L);
      vmm.writeLong(MEMORY, 8192, 5);
      assertThat(guest.get(LONG, 8192)).isEqualTo(5);
      assertThat(b.control.device().state()).isEqualTo(DeviceState.RUNNING);
      try (VfioUserClient other = b.connect()) {
        assertThat(other.readLong(MEMORY, 0)).as("the target's own memory").isZero();
      }
      while (b.control.info().vmm().isPresent()) { // Its end resets the device.
        Thread.onSpinWait();
      }
      new Swap(a, b).upTo(Step.SURRENDERED).complete();
      assertThat(vmm.readLong(MEMORY, 8192)).isEqualTo(5);
    }
  }

  /** Both devices return to RUNNING by themselves when their control clients disconnect. */
  @ParameterizedTest
  @EnumSource(names = {"ADOPTED", "WRITTEN", "LOADED", "STAGED"})
  void deadControlClientLeavesMemoryUntouched(Step last) throws Exception {
    try (ServedScratch a = serve("a", config());
        ServedScratch b = serve("b", config());
        VfioUserClient vmm = a.connect()) {
      vmm.writeLong(MEMORY, 0, 6);
      new Swap(a, b).upTo(last);
      b.control.close();
      a.control.close();
      assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(6);
      vmm.writeLong(MEMORY, 0, 7);
      try (VfioUserClient other = b.connect()) {
        assertThat(other.readLong(MEMORY, 0)).isZero();
        other.writeLong(MEMORY, 0, 8);
      }
      assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(7);
    }
  }

  /** The VMM still has the memory mapped, so a reset must not replace it. */
  @Test
  void resetOfHeldSourceKeepsMappedMemory() throws Exception {
    try (ServedScratch a = serve("a", config().withMappable(true));
        ServedScratch b = serve("b", config().withMappable(true));
        VfioUserClient vmm = a.connect();
        MappedRegion mapped = vmm.mapRegion(MEMORY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment guest = MemoryMap.shared(mapped.fd(), 0, SIZE, true, arena);
      vmm.writeLong(MEMORY, 0, 9);
      new Swap(a, b).upTo(Step.LOADED);
      b.control.device().reset();
      a.control.device().reset();
      assertThat(guest.get(LONG, 0)).isZero();
      guest.set(LONG, 0, 10);
      assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(10);
    }
  }

  @Test
  void mappedMemoryStaysTheSame() throws Exception {
    try (ServedScratch a = serve("a", config().withMappable(true));
        ServedScratch b = serve("b", config().withMappable(true));
        VfioUserClient vmm = a.connect();
        MappedRegion mapped = vmm.mapRegion(MEMORY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment guest = MemoryMap.shared(mapped.fd(), 0, SIZE, true, arena);
      ServedScratch[] servers = {a, b};
      for (int i = 0; i < 6; i++) {
        ServedScratch from = servers[i % 2];
        ServedScratch to = servers[(i + 1) % 2];
        assertThat(from.control.info().mappedRegions()).isEqualTo(1 << MEMORY);
        guest.set(LONG, 0, 20 + i);
        Swap swap = new Swap(from, to).upTo(Step.SURRENDERED);
        guest.set(LONG, 8, 30 + i);
        swap.complete();
        assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(20 + i);
        assertThat(vmm.readLong(MEMORY, 8)).isEqualTo(30 + i);
        vmm.writeLong(MEMORY, 16, 40 + i);
        assertThat(guest.get(LONG, 16)).isEqualTo(40 + i);
        try (MappedRegion again = vmm.mapRegion(MEMORY)) {
          assertThat(MemoryMap.shared(again.fd(), 0, SIZE, false, arena).mismatch(guest)).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void refusesConnectionWhoseMappedMemoryIsNotPassed() throws Exception {
    try (ServedScratch a = serve("a", config().withMappable(true));
        ServedScratch b = serve("b", config().withMappable(true));
        VfioUserClient vmm = a.connect();
        MappedRegion _ = vmm.mapRegion(MEMORY)) {
      a.control.device().moveTo(DeviceState.STOP_COPY);
      assertRefused(Errno.EOPNOTSUPP, "region 2", () -> a.control.passConnection(b.control));
      a.control.device().moveTo(DeviceState.RUNNING);
      a.control.stateMemory().omit();
      a.control.device().moveTo(DeviceState.STOP_COPY);
      b.control.device().moveTo(DeviceState.STOP);
      assertRefused(Errno.EINVAL, "region 2, which was not passed",
          () -> a.control.passConnection(b.control));
      b.control.device().moveTo(DeviceState.RUNNING);
      a.control.device().moveTo(DeviceState.RUNNING);
      assertThat(vmm.readInt(ScratchLayout.REGISTERS_BAR, ScratchLayout.ID))
          .isEqualTo(ScratchLayout.ID_VALUE);
    }
  }

  /** Version 1 of the migration interface does not pass memory on. */
  @Test
  void copiesIfOneServerDoesNotOfferIt() throws Exception {
    try (ServedScratch a = serve("a", config());
        ServedScratch other = new ServedScratch(folder, "other", config(),
            options -> options.versions(MigrationVersions.BOTH));
        VfioUserClient vmm = a.connect()) {
      vmm.writeLong(MEMORY, 0, 11);
      ServedScratch[] servers = {a, other};
      for (int i = 0; i < 2; i++) {
        Swap swap = new Swap(servers[i], servers[1 - i]);
        ResumingSession resuming =
            (ResumingSession) swap.to.device().moveTo(DeviceState.RESUMING).session().orElseThrow();
        assertThat(swap.from.passStateMemory(swap.to)).isPresent();
        swap.copyState(resuming);
        swap.to.device().moveTo(DeviceState.STOP);
        swap.from.passConnection(swap.to);
        swap.from.surrender(swap.from.info().token());
        swap.complete();
        assertThat(swap.bytes).isGreaterThan(SIZE);
        assertThat(vmm.readLong(MEMORY, 0)).isEqualTo(11);
      }
    }
  }

  @Test
  void refusesOtherFiles() throws Exception {
    try (ServedScratch a = serve("a", config());
        ServedScratch b = serve("b", config());
        VfioUserClient vmm = a.connect();
        Fd unsealed = Memfd.create("unsealed", SIZE);
        Fd small = Memfd.create("small", SIZE / 2);
        Fd readOnly = Memfd.create("read-only", SIZE);
        EventFd noFile = EventFd.create()) {
      Memfd.seal(small);
      Memfd.sealContent(readOnly);
      b.control.device().moveTo(DeviceState.RESUMING);
      assertRefused(Errno.EINVAL, "not sealed", () -> adopt(b, SIZE, unsealed));
      assertRefused(Errno.EINVAL, "a file of 524288 bytes", () -> adopt(b, SIZE, small));
      assertRefused(Errno.EINVAL, "memories of [524288] bytes", () -> adopt(b, SIZE / 2, small));
      assertRefused(Errno.EPERM, "cannot be mapped", () -> adopt(b, SIZE, readOnly));
      assertRefused(Errno.EINVAL, "a file of 0 bytes", () -> adopt(b, SIZE, noFile.fd()));
      b.control.device().reset();
      new Swap(a, b).upTo(Step.SURRENDERED).complete();
      assertThat(vmm.readLong(MEMORY, 0)).isZero();
    }
  }

  private static void adopt(ServedScratch target, long size, Fd file) throws Exception {
    ReceivedFds files = new ReceivedFds();
    files.add(file.duplicate());
    try (Exported memories = new Exported(List.of(size), files)) {
      target.control.stateMemory().adopt(memories);
    }
  }

  /** The omission is for the control client's session. */
  @Test
  void sessionOfVmmContainsMemory() throws Exception {
    try (ServedScratch a = serve("a", config()); VfioUserClient vmm = a.connect();
        Arena arena = Arena.ofConfined()) {
      a.control.stateMemory().omit();
      SavingSession saving = (SavingSession) vmm.moveTo(DeviceState.STOP_COPY).session().orElseThrow();
      MemorySegment buffer = arena.allocate(1 << 20);
      long bytes = 0;
      for (long read = saving.read(buffer); read >= 0; read = saving.read(buffer)) {
        bytes += read;
      }
      assertThat(bytes).isGreaterThan(SIZE);
      assertRefused(Errno.EBUSY, "being saved", () -> a.control.stateMemory().omit());
      vmm.moveTo(DeviceState.RUNNING);
    }
  }
}
