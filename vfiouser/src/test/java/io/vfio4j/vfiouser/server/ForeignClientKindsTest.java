// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.testkit.foreign.ClientTrait;
import io.vfio4j.testkit.foreign.ForeignClient;
import io.vfio4j.testkit.foreign.QemuClient;
import io.vfio4j.testkit.foreign.QemuMigration;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The server with foreign clients of every kind. */
class ForeignClientKindsTest {

  private static final long PAGE = 4096;
  private static final long LENT = 0x10_0000;

  @TempDir
  private Path folder;

  /** Every combination, except limits that the server does not receive. */
  static Stream<Set<ClientTrait>> kinds() {
    ClientTrait[] traits = ClientTrait.values();
    return IntStream.range(0, 1 << traits.length)
        .mapToObj(bits -> IntStream.range(0, traits.length).filter(i -> (bits >> i & 1) != 0)
            .mapToObj(i -> traits[i]).collect(Collectors.toUnmodifiableSet()))
        .filter(set -> !set.containsAll(Set.of(ClientTrait.SMALL_LIMITS, ClientTrait.NO_JSON)));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void servesEveryKindOfClient(Set<ClientTrait> traits) throws Exception {
    try (TestServer left = TestServer.start(folder); TestServer right = TestServer.start(folder);
        Arena arena = Arena.ofConfined()) {
      byte[] content = TestMemory.pattern(arena, TestDevice.MEMORY_SIZE).toArray(ValueLayout.JAVA_BYTE);
      try (ForeignClient from = ForeignClient.connect(left.path(), traits);
          ForeignClient to = ForeignClient.connect(right.path(), traits)) {
        assertThat(from.minor()).isEqualTo(traits.contains(ClientTrait.VERSION_0_0) ? 0 : 2);
        from.write(TestDevice.BAR2, 0, content);
        assertThat(from.read(TestDevice.BAR2, 0, content.length)).isEqualTo(content);
        reachMemory(from, content, arena);
        byte[] stream = from.save();
        assertThat(stream).hasSize(TestDevice.STREAM_BYTES);
        to.load(stream);
        assertThat(to.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(to.read(TestDevice.BAR2, 0, content.length)).isEqualTo(content);
        from.reset();
        assertThat(from.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(from.read(TestDevice.BAR2, 0, 64)).containsOnly(0);
      }
      left.assertServesNext();
      right.assertServesNext();
    }
  }

  private static void reachMemory(ForeignClient client, byte[] content, Arena arena) throws Exception {
    int length = 1000;
    try (Fd file = Memfd.create("guest", PAGE)) {
      MemorySegment shared = MemoryMap.shared(file, 0, PAGE, true, arena);
      MemorySegment lent = arena.allocate(PAGE);
      client.map(PAGE, PAGE, file);
      client.mapByMessage(LENT, lent);
      for (long iova : new long[] {PAGE, LENT}) {
        client.write(TestDevice.BAR0, TestDevice.ADDRESS,
            MessageBytes.empty().u64(iova + 8).u32(length).toBytes());
        client.write(TestDevice.BAR0, TestDevice.COMMAND,
            MessageBytes.empty().u32(TestDevice.DMA_WRITE).toBytes());
        assertThat(client.read(TestDevice.BAR0, TestDevice.STATUS, 4)).containsOnly(0);
      }
      MemorySegment expected = MemorySegment.ofArray(content).asSlice(0, length);
      assertThat(shared.asSlice(8, length).mismatch(expected)).isEqualTo(-1);
      assertThat(lent.asSlice(8, length).mismatch(expected)).isEqualTo(-1);
      client.unmap(LENT, PAGE);
      client.unmap(PAGE, PAGE);
    }
  }

  /**
   * As QEMU forwards its requests to the kernel; part of the range that it logs and reports is not mapped.
   */
  @Test
  void migratesQemu() throws Exception {
    long size = 1 << 20;
    long unmapped = 0x7000_0000L;
    try (TestServer left = TestServer.start(folder); TestServer right = TestServer.start(folder)) {
      try (QemuClient from = QemuClient.connect(left.path());
          QemuClient to = QemuClient.connect(right.path());
          Fd ram = Memfd.create("ram", size);
          Arena arena = Arena.ofConfined()) {
        from.startUp(ram, size, arena.allocate(PAGE), 0xfffc0000L);
        QemuMigration migration = from.migration();
        assertThat(migration.hasDmaLog()).isTrue();
        migration.startLog(0, size, unmapped, size);
        assertThat(runCommand(from, 0x5008, 0, TestDevice.DMA_WRITE_LONG)).isEqualTo(new Errno(0));
        assertThat(migration.report(0, size).stream()).containsExactly(5);
        assertThat(migration.report(unmapped, size).stream()).isEmpty();
        migration.stopLog();
        migration.startLog();
        assertThat(runCommand(from, 0x7008, 0, TestDevice.DMA_WRITE_LONG)).isEqualTo(new Errno(0));
        assertThat(migration.report(0, size).stream()).as("all memory is logged").containsExactly(7);
        migration.stopLog();
        from.writeLong(TestDevice.BAR2, 0x2000, 0x0123456789abcdefL);
        migration.moveTo(DeviceState.PRE_COPY);
        assertThat(migration.preCopyBytes()).hasValue(TestDevice.INITIAL_BYTES + 12345);
        migration.moveTo(DeviceState.RUNNING);
        assertThat(migration.stopCopyLength()).isPresent();
        to.migration().load(migration.save());
        assertThat(to.migration().state()).isEqualTo(DeviceState.RUNNING);
        assertThat(to.readLong(TestDevice.BAR2, 0x2000)).isEqualTo(0x0123456789abcdefL);
      }
      left.assertServesNext();
      right.assertServesNext();
    }
  }

  /**
   * It continues as if nothing had failed: the device keeps its state, and fails rather than run with half a
   * state.
   */
  @Test
  void isolatesClientThatIgnoresErrors() throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      try (ForeignClient client = ForeignClient.connect(served.path(), Set.of(ClientTrait.IGNORES_ERRORS))) {
        client.unmap(PAGE, PAGE);
        client.write(TestDevice.BAR0, TestDevice.REFUSED, new byte[4]);
        client.moveTo(DeviceState.ERROR);
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
        client.moveTo(DeviceState.STOP_COPY);
        client.moveTo(DeviceState.PRE_COPY);
        assertThat(client.state()).as("no path").isEqualTo(DeviceState.STOP_COPY);
        client.load(new byte[TestDevice.STREAM_BYTES - 1]);
        assertThat(client.state()).isNotEqualTo(DeviceState.RUNNING);
      }
      served.assertServesNext();
    }
  }

  @Test
  void servesQemuStartupAndGuest() throws Exception {
    long size = 1 << 20;
    long rom = 0xfffc0000L;
    try (TestServer served = TestServer.start(folder)) {
      try (QemuClient qemu = QemuClient.connect(served.path());
          Fd ram = Memfd.create("ram", size);
          EventFd event = EventFd.create();
          Arena arena = Arena.ofConfined()) {
        MemorySegment memory = MemoryMap.shared(ram, 0, size, true, arena);
        MemorySegment firmware = arena.allocate(PAGE);
        firmware.set(LittleEndian.U64, 8, 99);
        qemu.startUp(ram, size, firmware, rom);
        assertThat(qemu.configSpace()).hasSize(TestDevice.CONFIG_SIZE)
            .startsWith(MessageBytes.empty().u32(TestDevice.IDS).toBytes());
        qemu.unmapUnmappedRange();
        qemu.unmapAllAndMapAgain(ram, size);
        qemu.remap(ram, size, 0x1_0000_0000L);
        qemu.mapAndUnmapBar(TestDevice.BAR2, 0xe000_0000L);
        qemu.enableMsix(event);

        assertThat(runCommand(qemu, 0x100, 0, TestDevice.DMA_WRITE_LONG)).isEqualTo(new Errno(0));
        assertThat(memory.get(LittleEndian.U64, 0x100)).isEqualTo(TestDevice.LONG_VALUE);
        assertThat(runCommand(qemu, rom + 8, 8, TestDevice.DMA_READ)).isEqualTo(new Errno(0));
        assertThat(qemu.readLong(TestDevice.BAR2, 0)).isEqualTo(99);
        assertThat(runCommand(qemu, rom + 8, 8, TestDevice.DMA_WRITE)).isEqualTo(Errno.EACCES);
        assertThat(runCommand(qemu, 0, 0, TestDevice.RAISE_MSIX)).isEqualTo(new Errno(0));
        assertThat(event.await(Duration.ofSeconds(60))).isTrue();
        qemu.writeLong(TestDevice.BAR2, 0x2000, 0x0123456789abcdefL);
        assertThat(qemu.readLong(TestDevice.BAR2, 0x2000)).isEqualTo(0x0123456789abcdefL);
      }
      served.assertServesNext();
    }
  }

  private static Errno runCommand(QemuClient qemu, long address, int length, int what) throws Exception {
    qemu.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, address);
    qemu.write(TestDevice.BAR0, TestDevice.LENGTH, length);
    qemu.write(TestDevice.BAR0, TestDevice.COMMAND, what);
    return new Errno(qemu.read(TestDevice.BAR0, TestDevice.STATUS));
  }
}
