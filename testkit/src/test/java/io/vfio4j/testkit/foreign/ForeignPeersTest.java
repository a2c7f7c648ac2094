// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The foreign peers with each other: they are compatible, and each trait takes effect. */
class ForeignPeersTest {

  private static final SimulatedSettings SETTINGS = SimulatedSettings.named("foreign").withContent(16, 7);

  @TempDir
  private Path folder;

  static Stream<Arguments> everyPair() {
    return Stream
        .concat(Arrays.stream(ServerTrait.values()).map(Set::of), Stream.of(ServerTrait.referenceLibrary()))
        .flatMap(server -> Arrays.stream(ClientTrait.values()).filter(client -> tolerates(client, server))
            .map(client -> arguments(server, client)));
  }

  /** Returns whether a client accepts a server's traits: two client traits reject what some servers do. */
  private static boolean tolerates(ClientTrait client, Set<ServerTrait> server) {
    return switch (client) {
      case REQUIRES_PADDING -> server.contains(ServerTrait.PADS_DATA);
      case NO_JSON -> server.contains(ServerTrait.NO_JSON);
      case PIPELINES, VERSION_0_0, SMALL_LIMITS, IGNORES_ERRORS -> true;
    };
  }

  @ParameterizedTest
  @MethodSource("everyPair")
  void migratesStateBetweenServers(Set<ServerTrait> serverTraits, ClientTrait clientTrait) throws Exception {
    SimulatedDevice source = SETTINGS.device();
    SimulatedDevice target = SETTINGS.withContent(16, 0).device();
    byte[] content = source.content();
    try (ForeignServer left = ForeignServer.listen(folder.resolve("left"), source, serverTraits);
        ForeignServer right = ForeignServer.listen(folder.resolve("right"), target, serverTraits)) {
      try (ForeignClient from = ForeignClient.connect(folder.resolve("left"), Set.of(clientTrait));
          ForeignClient to = ForeignClient.connect(folder.resolve("right"), Set.of(clientTrait))) {
        to.load(from.save());
        assertThat(to.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(target.content()).isEqualTo(content);
      }
      assertThat(left.violations()).isEmpty();
      assertThat(right.violations()).isEmpty();
    }
  }

  @Test
  void supportsQemuSequence() throws Exception {
    long size = 1 << 20;
    Set<ServerTrait> serverTraits = EnumSet.of(ServerTrait.VERSION_0_0, ServerTrait.NO_JSON);
    try (ForeignServer server = ForeignServer.listen(folder.resolve("q"), SETTINGS.device(), serverTraits);
        QemuClient qemu = QemuClient.connect(folder.resolve("q"));
        Fd ram = Memfd.create("ram", size);
        EventFd event = EventFd.create();
        Arena arena = Arena.ofConfined()) {
      MemorySegment rom = arena.allocate(4096);
      rom.set(ValueLayout.JAVA_LONG, 8, 99);
      MemorySegment memory = MemoryMap.shared(ram, 0, size, true, arena);
      qemu.startUp(ram, size, rom, 0xfffc0000L);
      qemu.unmapUnmappedRange();
      qemu.unmapAllAndMapAgain(ram, size);
      qemu.remap(ram, size, 0x1_0000_0000L);
      qemu.mapAndUnmapBar(BoardRegisters.BAR, 0xe000_0000L);
      qemu.enableMsix(event);
      assertThat(execute(qemu, 0x100, 42, BoardRegisters.WRITE)).isZero();
      assertThat(memory.get(ValueLayout.JAVA_LONG, 0x100)).isEqualTo(42);
      assertThat(execute(qemu, 0xfffc0008L, 0, BoardRegisters.READ)).isZero();
      assertThat(qemu.readLong(BoardRegisters.BAR, BoardRegisters.VALUE)).isEqualTo(99);
      assertThat(execute(qemu, 0xfffc0008L, 0, BoardRegisters.WRITE)).isEqualTo(Errno.EACCES.number());
      assertThat(execute(qemu, 0, 0, BoardRegisters.INTERRUPT)).isZero();
      assertThat(event.await(Duration.ofSeconds(60))).isTrue();
      assertThat(server.violations()).isEmpty();
    }
  }

  private static int execute(QemuClient qemu, long address, long value, int what) throws Exception {
    qemu.writeLong(BoardRegisters.BAR, BoardRegisters.ADDRESS, address);
    qemu.writeLong(BoardRegisters.BAR, BoardRegisters.VALUE, value);
    qemu.write(BoardRegisters.BAR, BoardRegisters.COMMAND, what);
    return qemu.read(BoardRegisters.BAR, BoardRegisters.STATUS);
  }

  @Test
  void migratesQemu() throws Exception {
    SimulatedDevice source = SETTINGS.device();
    SimulatedDevice target = SETTINGS.withContent(16, 0).device();
    byte[] content = source.content();
    Set<ServerTrait> serverTraits =
        EnumSet.of(ServerTrait.VERSION_0_0, ServerTrait.OMITS_MESSAGE_WRITES_FROM_LOG,
            ServerTrait.PRE_COPY_COMMAND, ServerTrait.NO_RESET_FLAG);
    try (ForeignServer left = ForeignServer.listen(folder.resolve("left"), source, serverTraits);
        ForeignServer right =
            ForeignServer.listen(folder.resolve("right"), target, ServerTrait.referenceLibrary())) {
      try (QemuClient from = QemuClient.connect(folder.resolve("left"));
          QemuClient to = QemuClient.connect(folder.resolve("right"));
          Fd ram = Memfd.create("ram", 1 << 20);
          Arena arena = Arena.ofConfined()) {
        from.startUp(ram, 1 << 20, arena.allocate(4096), 0xfffc0000L);
        QemuMigration migration = from.migration();
        assertThat(migration.hasDmaLog()).isTrue();
        migration.startLog(0, 1 << 20, 0x7000_0000L, 0x10_0000);
        assertThat(execute(from, 0x5008, 1, BoardRegisters.WRITE)).isZero();
        assertThat(migration.report(0, 1 << 20).stream()).containsExactly(5);
        assertThat(migration.report(0x7000_0000L, 0x10_0000).stream()).as("not mapped").isEmpty();
        migration.stopLog();
        migration.moveTo(DeviceState.PRE_COPY);
        assertThat(migration.preCopyBytes()).isPresent();
        assertThat(to.migration().preCopyBytes()).isEmpty();
        migration.moveTo(DeviceState.RUNNING);
        to.migration().load(migration.save());
        assertThat(target.content()).isEqualTo(content);
      }
      assertThat(left.violations()).isEmpty();
      assertThat(right.violations()).isEmpty();
    }
  }

  @Test
  void stopsListeningAfterOneClient() throws Exception {
    try (ForeignServer server =
        ForeignServer.listen(folder.resolve("one"), SETTINGS.device(), Set.of(ServerTrait.ONE_CLIENT,
            ServerTrait.NO_RESET_FLAG))) {
      try (ForeignClient client = ForeignClient.connect(folder.resolve("one"), Set.of())) {
        assertThat(client.deviceFlags()).as("a PCI device without reset").isEqualTo(2);
        client.reset();
      }
      server.awaitEnd();
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> ForeignClient.connect(folder.resolve("one"), Set.of()));
      assertThat(server.violations()).isEmpty();
    }
  }

  @Test
  void treatsRefusalAsSuccessWhenIgnoringErrors() throws Exception {
    try (ForeignServer server = ForeignServer.listen(folder.resolve("i"), SETTINGS.device(), Set.of());
        ForeignClient client =
            ForeignClient.connect(folder.resolve("i"), Set.of(ClientTrait.IGNORES_ERRORS))) {
      client.unmap(4096, 4096);
      client.moveTo(DeviceState.ERROR);
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(server.violations()).isEmpty();
    }
  }

  @Test
  void reportsIntolerableBehaviour() throws Exception {
    try (ForeignServer talkative = ForeignServer.listen(folder.resolve("t"), SETTINGS.device(), Set.of())) {
      assertThatExceptionOfType(ProtocolViolationException.class)
          .isThrownBy(() -> ForeignClient.connect(folder.resolve("t"), Set.of(ClientTrait.NO_JSON)))
          .withMessageContaining("capabilities that were not requested");
      try (ForeignClient client =
          ForeignClient.connect(folder.resolve("t"), Set.of(ClientTrait.REQUIRES_PADDING))) {
        assertThatExceptionOfType(ProtocolViolationException.class).isThrownBy(client::save)
            .withMessageContaining("answered with");
      }
      assertThat(talkative.violations()).isEmpty();
    }
  }

  @Test
  void showsReferenceLibraryTraits() throws Exception {
    SimulatedDevice device = SETTINGS.device();
    try (ForeignServer server =
        ForeignServer.listen(folder.resolve("c"), device, ServerTrait.referenceLibrary())) {
      try (ForeignClient client = ForeignClient.connect(folder.resolve("c"), Set.of())) {
        assertErrno(Errno.EINVAL, () -> client.moveTo(DeviceState.RUNNING_P2P));
        client.moveTo(DeviceState.STOP);
        assertErrno(Errno.EINVAL, client::deviceFlags);
        assertErrno(Errno.EINVAL, client::reset);
        assertThat(client.read(BoardRegisters.BAR, 0, 4)).isEqualTo(new byte[4]);
        client.moveTo(DeviceState.STOP_COPY);
        assertErrno(Errno.EINVAL, () -> client.read(BoardRegisters.BAR, 0, 4));
      }
      try (ForeignClient next = ForeignClient.connect(folder.resolve("c"), Set.of())) {
        assertThat(next.state()).as("kept").isEqualTo(DeviceState.STOP_COPY);
        next.moveTo(DeviceState.RUNNING);
        next.moveTo(DeviceState.RESUMING);
        next.reset();
        assertThat(next.state()).as("unchanged by the reset").isEqualTo(DeviceState.RESUMING);
        assertErrno(Errno.EINVAL, () -> next.moveTo(DeviceState.RUNNING));
        assertThat(next.state()).as("never ERROR").isEqualTo(DeviceState.RESUMING);
      }
      assertThat(server.violations()).isEmpty();
    }
  }

  private static void assertErrno(Errno errno, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatExceptionOfType(ErrnoException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
