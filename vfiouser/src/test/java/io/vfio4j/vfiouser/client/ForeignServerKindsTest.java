// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.OfferedFeatures;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.testkit.Fault;
import io.vfio4j.testkit.Seeds;
import io.vfio4j.testkit.SimulatedDevice;
import io.vfio4j.testkit.SimulatedSettings;
import io.vfio4j.testkit.foreign.BoardRegisters;
import io.vfio4j.testkit.foreign.ForeignServer;
import io.vfio4j.testkit.foreign.ServerTrait;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.quirk.ServerQuirk;
import io.vfio4j.vfiouser.quirk.ServerQuirk.Kind;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The client with all kinds of servers: it adapts, respects their limits, and reports their quirks. */
class ForeignServerKindsTest {

  private static final SimulatedSettings SETTINGS = SimulatedSettings.named("foreign").withContent(16, 7);
  private static final long PAGE = 4096;

  @TempDir
  private Path folder;

  static Stream<Set<ServerTrait>> kinds() {
    return Stream.concat(Stream.of(Set.<ServerTrait>of(), ServerTrait.referenceLibrary()),
        Arrays.stream(ServerTrait.values()).map(Set::of));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void drivesAndSavesEveryKindOfServer(Set<ServerTrait> traits) throws Exception {
    assertCompatible(traits);
  }

  @Test
  void drivesAndSavesRandomCombinations() {
    Seeds.forEach(40, random -> {
      EnumSet<ServerTrait> traits = EnumSet.noneOf(ServerTrait.class);
      for (ServerTrait trait : ServerTrait.values()) {
        if (random.nextBoolean()) {
          traits.add(trait);
        }
      }
      if (traits.contains(ServerTrait.NO_JSON)) {
        traits.remove(ServerTrait.MINIMAL_LIMITS);
      }
      assertCompatible(traits);
    });
  }

  private static void assertCompatible(Set<ServerTrait> traits) throws Exception {
    SimulatedDevice source = SETTINGS.device();
    SimulatedDevice target = SETTINGS.withContent(16, 0).device();
    byte[] content = source.content();
    UnixSocket.Pair left = UnixSocket.pair();
    UnixSocket.Pair right = UnixSocket.pair();
    try (ForeignServer from = ForeignServer.start(left.one(), source, traits);
        ForeignServer to = ForeignServer.start(right.one(), target, traits)) {
      try (VfioUserClient client = VfioUserClient.of(left.other(), "left", ClientOptions.DEFAULT);
          VfioUserClient other = VfioUserClient.of(right.other(), "right", ClientOptions.DEFAULT)) {
        assertThat(client.identity().isSameKind(SETTINGS.identity())).isTrue();
        assertThat(client.features().has(MigrationFeature.P2P))
            .isNotEqualTo(traits.contains(ServerTrait.NO_P2P));
        assertOffers(client, traits);
        driveDevice(client);
        assertThat(client.dmaLog().isPresent())
            .isEqualTo(traits.contains(ServerTrait.OMITS_MESSAGE_WRITES_FROM_LOG));
        if (client.dmaLog().isPresent()) {
          log(client, client.dmaLog().get());
        }
        load(other, save(client));
        assertThat(other.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(target.content()).isEqualTo(content);
        resetEverywhere(client);
        assertThat(client.quirks()).extracting(ServerQuirk::kind).containsExactlyElementsOf(expected(traits));
        assertThat(client.quirks()).extracting(ServerQuirk::description).doesNotContain("");
      }
      assertThat(from.violations()).isEmpty();
      assertThat(to.violations()).isEmpty();
    }
  }

  private static List<Kind> expected(Set<ServerTrait> traits) {
    List<Kind> kinds = new ArrayList<>();
    for (ServerTrait trait : traits) {
      switch (trait) {
        case VERSION_0_0 -> kinds.add(Kind.OLD_PROTOCOL);
        case NO_JSON -> kinds.addAll(List.of(Kind.NO_CAPABILITIES, Kind.LOW_LIMITS));
        case MINIMAL_LIMITS, OMITS_FD_LIMIT -> kinds.add(Kind.LOW_LIMITS);
        case NO_RESET_FLAG -> kinds.add(Kind.DENIES_RESET);
        case NO_P2P -> kinds.add(Kind.NO_P2P);
        case REFUSES_WHILE_STOPPED -> kinds.add(Kind.REFUSES_WHILE_STOPPED);
        case PADS_DATA -> kinds.add(Kind.PADS_DATA);
        case RESET_LEAVES_STATE -> kinds.add(Kind.RESET_LEAVES_STATE);
        case NO_ERROR_STATE, EIGHT_FDS, KEEPS_STATE, SLOW, OMITS_MESSAGE_WRITES_FROM_LOG, ONE_CLIENT,
            PRE_COPY_COMMAND,
            UNKNOWN_FEATURES -> {
          // Not visible to a client.
        }
      }
    }
    if (!traits.contains(ServerTrait.PRE_COPY_COMMAND)) {
      kinds.add(Kind.NO_PRE_COPY_INFO);
    }
    return kinds.stream().distinct().sorted().toList();
  }

  /** Unknown features are listed like the known ones. */
  private static void assertOffers(VfioUserClient client, Set<ServerTrait> traits) throws Exception {
    boolean isLater = traits.contains(ServerTrait.UNKNOWN_FEATURES);
    OfferedFeatures offered = client.offeredFeatures();
    assertThat(offered.numbers()).startsWith(1, 2).contains(9);
    assertThat(offered.numbers().contains(40)).isEqualTo(isLater);
    assertThat(offered.unknownMigrationFlags()).isEqualTo(isLater ? 0x10 : 0);
  }

  private static void driveDevice(VfioUserClient client) throws Exception {
    try (Arena arena = Arena.ofShared(); Fd file = Memfd.create("guest", PAGE)) {
      MemorySegment all = TestMemory.pattern(arena, BoardRegisters.SIZE);
      all.set(LittleEndian.U32, BoardRegisters.COMMAND, 0);
      client.writeRegion(BoardRegisters.BAR, 0, all);
      MemorySegment back = arena.allocate(BoardRegisters.SIZE);
      client.readRegion(BoardRegisters.BAR, 0, back);
      assertThat(back.mismatch(all)).isEqualTo(-1);
      MemorySegment shared = MemoryMap.shared(file, 0, PAGE, true, arena);
      MemorySegment opaque = arena.allocate(PAGE);
      client.dma().map(new IovaRange(PAGE, PAGE), file, 0, true);
      client.dma().map(4 * PAGE, opaque, true);
      access(client, PAGE + 8, 42, BoardRegisters.WRITE);
      access(client, 4 * PAGE + 8, 43, BoardRegisters.WRITE);
      assertThat(shared.get(LittleEndian.U64, 8)).isEqualTo(42);
      assertThat(opaque.get(LittleEndian.U64, 8)).isEqualTo(43);
      opaque.set(LittleEndian.U64, 16, 44);
      access(client, 4 * PAGE + 16, 0, BoardRegisters.READ);
      assertThat(client.readLong(BoardRegisters.BAR, BoardRegisters.VALUE)).isEqualTo(44);
      client.dma().unmap(new IovaRange(4 * PAGE, PAGE));
      client.dma().unmap(new IovaRange(PAGE, PAGE));
      awaitInterrupt(client);
    }
  }

  /** A report, and the bitmap of an unmap, contain both kinds of writes: to shared memory and by message. */
  private static void log(VfioUserClient client, DmaLog log) throws Exception {
    IovaRange shared = new IovaRange(PAGE, PAGE);
    IovaRange both = new IovaRange(0, 64 * PAGE);
    try (Arena arena = Arena.ofShared(); Fd file = Memfd.create("guest", PAGE)) {
      client.dma().map(shared, file, 0, true);
      client.dma().map(4 * PAGE, arena.allocate(PAGE), true);
      access(client, 4 * PAGE, 1, BoardRegisters.WRITE);
      log.start(List.of(both), PAGE);
      MemorySegment bitmap = arena.allocate(8, 8);
      access(client, PAGE + 8, 42, BoardRegisters.WRITE);
      access(client, 4 * PAGE + 8, 43, BoardRegisters.WRITE);
      log.report(both, PAGE, bitmap);
      assertThat(bitmap.get(LittleEndian.U64, 0)).isEqualTo(1 << 1 | 1 << 4);
      access(client, 4 * PAGE + 8, 43, BoardRegisters.WRITE);
      client.dma().unmap(new IovaRange(4 * PAGE, PAGE), PAGE, bitmap.fill((byte) 0));
      assertThat(bitmap.get(LittleEndian.U64, 0)).isEqualTo(1);
      client.dma().unmap(shared, PAGE, bitmap.fill((byte) 0));
      assertThat(bitmap.get(LittleEndian.U64, 0)).isZero();
      log.stop();
    }
  }

  private static void access(VfioUserClient client, long address, long value, int command) throws Exception {
    client.writeLong(BoardRegisters.BAR, BoardRegisters.ADDRESS, address);
    client.writeLong(BoardRegisters.BAR, BoardRegisters.VALUE, value);
    client.writeInt(BoardRegisters.BAR, BoardRegisters.COMMAND, command);
    assertThat(client.readInt(BoardRegisters.BAR, BoardRegisters.STATUS)).isZero();
  }

  /** Uses more vectors than these servers accept descriptors in a message. */
  private static void awaitInterrupt(VfioUserClient client) throws Exception {
    List<EventFd> events = new ArrayList<>();
    try {
      for (int i = 0; i < BoardRegisters.VECTORS; i++) {
        events.add(EventFd.create());
      }
      client.irqs().assign(DeviceDescription.MSIX, 0, events);
      for (int vector : new int[] {0, 7, 8, BoardRegisters.VECTORS - 1}) {
        access(client, 0, vector, BoardRegisters.INTERRUPT);
        assertThat(events.get(vector).await(Duration.ofSeconds(60))).isTrue();
      }
      client.irqs().disable(DeviceDescription.MSIX);
    } finally {
      events.forEach(EventFd::close);
    }
  }

  private static byte[] save(VfioUserClient client) throws Exception {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    SavingSession saving = client.moveTo(DeviceState.PRE_COPY).savingSession();
    saving.preCopyInfo();
    readAll(saving, stream);
    client.moveTo(DeviceState.STOP_COPY);
    readAll(saving, stream);
    return stream.toByteArray();
  }

  private static void readAll(SavingSession saving, ByteArrayOutputStream stream) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(1000);
      for (long size = saving.read(into); size > 0; size = saving.read(into)) {
        stream.writeBytes(into.asSlice(0, size).toArray(ValueLayout.JAVA_BYTE));
      }
    }
  }

  private static void load(VfioUserClient client, byte[] stream) throws Exception {
    ResumingSession resuming = client.moveTo(DeviceState.RESUMING).resumingSession();
    try (Arena arena = Arena.ofConfined()) {
      resuming.write(arena.allocateFrom(ValueLayout.JAVA_BYTE, stream));
    }
    client.moveTo(DeviceState.RUNNING);
  }

  /** Resets the device in STOP_COPY, in which {@link #save} leaves it, and in PRE_COPY. */
  private static void resetEverywhere(VfioUserClient client) throws Exception {
    client.reset();
    assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
    client.moveTo(DeviceState.PRE_COPY);
    client.reset();
    assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
    assertThat(client.readInt(BoardRegisters.BAR, 0)).as("reset").isZero();
  }

  /** Such a server keeps the state that the previous client left, and refuses most requests. */
  @ParameterizedTest
  @ValueSource(strings = {"STOP", "STOP_COPY"})
  void reopensDeviceLeftStopped(DeviceState left) throws Exception {
    Path path = folder.resolve("kept");
    try (ForeignServer server =
        ForeignServer.listen(path, SETTINGS.device(), ServerTrait.referenceLibrary())) {
      try (VfioUserClient client = VfioUserClient.connect(path, ClientOptions.DEFAULT)) {
        client.moveTo(left);
      }
      try (VfioUserClient client = VfioUserClient.connect(path, ClientOptions.DEFAULT)) {
        assertThat(client.state()).isEqualTo(left);
        assertThat(client.info()).isEqualTo(new DeviceInfo(0, 0, 0));
        assertThat(client.identity().deviceId())
            .isEqualTo(left == DeviceState.STOP ? SETTINGS.deviceId() : 0);
        assertThat(client.quirks()).extracting(ServerQuirk::kind)
            .containsExactly(Kind.NO_P2P, Kind.NOT_RUNNING, Kind.REFUSES_WHILE_STOPPED);
        client.reset();
        assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      }
      try (VfioUserClient client = VfioUserClient.connect(path, ClientOptions.DEFAULT)) {
        assertThat(client.info().regions()).isEqualTo(9);
        assertThat(client.quirks()).extracting(ServerQuirk::kind).containsExactly(Kind.NO_P2P);
      }
      assertThat(server.violations()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void reportsStateAfterFailedLoad(boolean hasNoErrorState) throws Exception {
    SimulatedSettings broken = SETTINGS.withFaults(
        new Fault.ArcFailure(new Arc(DeviceState.RESUMING, DeviceState.STOP), Errno.EIO, true, 1));
    UnixSocket.Pair pair = UnixSocket.pair();
    Set<ServerTrait> traits = hasNoErrorState ? Set.of(ServerTrait.NO_ERROR_STATE) : Set.of();
    try (ForeignServer server = ForeignServer.start(pair.one(), broken.device(), traits);
        VfioUserClient client = VfioUserClient.of(pair.other(), "broken", ClientOptions.DEFAULT)) {
      client.moveTo(DeviceState.RESUMING);
      assertThatExceptionOfType(TransitionException.class)
          .isThrownBy(() -> client.moveTo(DeviceState.RUNNING)).satisfies(e -> assertThat(e.reached())
              .isEqualTo(hasNoErrorState ? DeviceState.RESUMING : DeviceState.ERROR));
      client.reset();
      assertThat(client.state()).isEqualTo(DeviceState.RUNNING);
      assertThat(server.violations()).isEmpty();
    }
  }

  @Test
  void failsWhenResetLeavesResuming() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (ForeignServer server =
        ForeignServer.start(pair.one(), SETTINGS.device(), Set.of(ServerTrait.RESET_LEAVES_STATE));
        VfioUserClient client = VfioUserClient.of(pair.other(), "stuck", ClientOptions.DEFAULT)) {
      client.moveTo(DeviceState.RESUMING);
      assertThatExceptionOfType(DeviceException.class).isThrownBy(client::reset)
          .withMessageContaining("reset left the device in RESUMING; restart the server");
      assertThat(client.quirks()).extracting(ServerQuirk::kind).contains(Kind.RESET_LEAVES_STATE);
      assertThat(server.violations()).isEmpty();
    }
  }

  /** Such a server ends with its first client; its device can still be migrated. */
  @Test
  void migratesFromSingleClientServer() throws Exception {
    Path path = folder.resolve("one");
    SimulatedDevice source = SETTINGS.device();
    byte[] content = source.content();
    SimulatedDevice target = SETTINGS.withContent(16, 0).device();
    UnixSocket.Pair right = UnixSocket.pair();
    try (ForeignServer from = ForeignServer.listen(path, source, Set.of(ServerTrait.ONE_CLIENT));
        ForeignServer _ = ForeignServer.start(right.one(), target, Set.of())) {
      try (VfioUserClient client = VfioUserClient.connect(path, ClientOptions.DEFAULT);
          VfioUserClient other = VfioUserClient.of(right.other(), "right", ClientOptions.DEFAULT)) {
        load(other, save(client));
        assertThat(other.state()).isEqualTo(DeviceState.RUNNING);
        assertThat(target.content()).isEqualTo(content);
        client.reset();
      }
      from.awaitEnd();
      assertThatExceptionOfType(DeviceException.class)
          .isThrownBy(() -> VfioUserClient.connect(path, ClientOptions.DEFAULT))
          .satisfies(e -> assertThat(e.errno()).isIn(Errno.ECONNREFUSED, Errno.ENOENT));
      assertThat(from.violations()).isEmpty();
    }
  }
}
