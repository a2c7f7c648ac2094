// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.RegionWrite;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Structs;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Minimum limits, of the client or of the server. */
class LimitsTest {

  private static final Limits SMALLEST = new Limits(0, 64, 1, 8);
  private static final String SMALLEST_JSON = """
      {"capabilities":{"max_msg_fds":0,"max_data_xfer_size":64,"max_dma_maps":1,"pgsizes":4096,\
      "migration":{"max_bitmap_size":8,"pgsize":4096}}}""";
  private static final long IOVA = 0x10_0000;

  @TempDir
  private Path folder;

  private TestServer serve(boolean serverHasThem) throws Exception {
    return TestServer.start(folder,
        serverHasThem ? ServerOptions.DEFAULT.withLimits(SMALLEST) : ServerOptions.DEFAULT);
  }

  private static String json(boolean serverHasThem) {
    return serverHasThem ? RawPeer.CAPABILITIES : SMALLEST_JSON;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void enforcesLimitsOnClient(boolean serverHasThem) throws Exception {
    try (TestServer served = serve(serverHasThem); RawPeer peer = served.connectRaw();
        EventFd event = EventFd.create()) {
      peer.negotiate(json(serverHasThem));
      peer.assertRefused(Errno.EINVAL, Command.DEVICE_SET_IRQS, MessageBytes.irqSet(0x24, 2, 0, 1),
          event.fd());
      peer.assertRefused(Errno.EINVAL, Command.REGION_READ, MessageBytes.regionAccess(2, 0, 65));
      peer.assertRefused(Errno.EINVAL, Command.REGION_WRITE, MessageBytes.regionAccess(2, 0, 65).zeros(65));
      assertThat(peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(2, 0, 64)).body())
          .hasSize(16 + 64);
      peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(2, 0, 64).zeros(64));
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 0x10_0000));
      peer.assertRefused(Errno.ENOSPC, Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 2 * IOVA, 4096));
      peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, 0x10_0000));
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 2 * IOVA, 4096));
      // A command without data may exceed max_data_xfer_size.
      MessageBytes ranges = MessageBytes.feature(6 | Feature.SET, 16 + 256 * 16).u64(4096).u32(256, 0);
      for (int i = 0; i < 256; i++) {
        ranges.u64(IOVA + i * 4096L, 4096);
      }
      peer.succeed(Command.DEVICE_FEATURE, ranges);
      MessageBytes report = MessageBytes.feature(8 | Feature.GET, 24 + 16).u64(IOVA, 65 * 4096, 4096);
      peer.assertRefused(Errno.E2BIG, Command.DEVICE_FEATURE, report);
      assertThat(peer.succeed(Command.DEVICE_FEATURE,
          MessageBytes.feature(8 | Feature.GET, 24 + 8).u64(IOVA, 64 * 4096, 4096)).body())
          .hasSize(8 + 24 + 8);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void observesLimitsOfClient(boolean serverHasThem) throws Exception {
    try (TestServer served = serve(serverHasThem); RawPeer peer = served.connectRaw()) {
      peer.negotiate(json(serverHasThem));
      // Without a descriptor it cannot be mapped.
      RawPeer.Message region = peer.succeed(Command.DEVICE_GET_REGION_INFO,
          MessageBytes.empty().u32(64, 0, TestDevice.BAR2, 0).u64(0, 0).zeros(32));
      assertThat(region.fields().getInt(4) & Structs.RegionInfo.MMAP).isZero();
      assertThat(peer.fds().count()).isZero();
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4096));
      peer.succeed(Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(100));
      peer.send(RawPeer.command(7, Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_WRITE)));
      for (int piece : new int[] {64, 36}) {
        RawPeer.Message write = peer.receive();
        assertThat(write.command()).isEqualTo(Command.DMA_WRITE.wireValue());
        assertThat(write.body()).hasSize(16 + piece);
        peer.send(RawPeer.message(write.id(), Command.DMA_WRITE, RawPeer.REPLY, 0,
            MessageBytes.empty().u64(write.fields().getLong(0), piece).toBytes()));
      }
      assertThat(peer.reply(7, Command.REGION_WRITE).errno()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void worksWithinSmallestLimits(boolean serverHasThem) throws Exception {
    ClientOptions options =
        serverHasThem ? ClientOptions.DEFAULT : ClientOptions.DEFAULT.withLimits(SMALLEST);
    try (Arena arena = Arena.ofShared(); TestServer served = serve(serverHasThem);
        VfioUserClient client = served.connect(options); Fd file = Memfd.create("guest", 4096);
        EventFd event = EventFd.create()) {
      assertThat(client.limits()).isEqualTo(SMALLEST);
      MemorySegment data = TestMemory.pattern(arena, 1000);
      MemorySegment back = arena.allocate(1000, 8);
      client.writeRegion(TestDevice.BAR2, 10, data);
      client.readRegion(TestDevice.BAR2, 10, back);
      assertThat(back.mismatch(data)).isEqualTo(-1);

      assertRefused(Errno.EOPNOTSUPP, () -> client.dma().map(new IovaRange(IOVA, 4096), file, 0, true));
      assertRefused(Errno.EOPNOTSUPP, () -> client.irqs().assign(DeviceDescription.MSIX, 0, List.of(event)));
      assertRefused(Errno.ENODEV, () -> client.mapRegion(TestDevice.BAR2));
      client.dma().map(IOVA, arena.allocate(4096, 8), true);
      assertRefused(Errno.ENOSPC, () -> client.dma().map(2 * IOVA, arena.allocate(4096, 8), true));
      assertRefused(Errno.EINVAL, () -> client.dma().map(IOVA + 1, arena.allocate(4096, 8), true));
      assertRefused(Errno.E2BIG, () -> client.dmaLog().orElseThrow()
          .report(new IovaRange(IOVA, 65 * 4096), 4096, arena.allocate(16, 8)));

      assertStateRoundTrip(client, arena);
    }
  }

  private static void assertRefused(Errno errno, ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  private static void assertStateRoundTrip(VfioUserClient client, Arena arena) throws Exception {
    client.writeInt(TestDevice.BAR2, 0, 4711);
    MemorySegment state = arena.allocate(TestDevice.STREAM_BYTES, 8);
    SavingSession saving = client.moveTo(DeviceState.STOP_COPY).savingSession();
    long done = 0;
    for (long got = 0; got != SavingSession.END; got = saving.read(state.asSlice(done))) {
      assertThat(got).isLessThanOrEqualTo(64);
      done += got;
      if (done == state.byteSize()) {
        break;
      }
    }
    client.reset();
    ResumingSession resuming = client.moveTo(DeviceState.RESUMING).resumingSession();
    resuming.write(state.asSlice(0, done));
    client.moveTo(DeviceState.RUNNING);
    assertThat(client.readInt(TestDevice.BAR2, 0)).isEqualTo(4711);
  }

  /** The protocol sets no minimum. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8, 23, 63})
  void acceptsClientWithTinyTransferLimit(int most) throws Exception {
    try (TestServer served = TestServer.start(folder); Arena arena = Arena.ofShared()) {
      try (RawPeer peer = served.connectRaw()) {
        peer.negotiate("{\"capabilities\":{\"max_data_xfer_size\":" + most + "}}");
        peer.assertRefused(Errno.EINVAL, Command.REGION_READ, MessageBytes.regionAccess(2, 0, most + 1));
        assertThat(peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(2, 0, most)).body())
            .hasSize(16 + most);
      }
      try (VfioUserClient client =
          served.connect(ClientOptions.DEFAULT.withLimits(Limits.DEFAULT.withMaxDataXferSize(most)))) {
        List<RegionWrite> writes = List.of(RegionWrite.ofLong(TestDevice.BAR2, 0, 0x1122_3344_5566_7788L),
            RegionWrite.ofInt(TestDevice.BAR2, 8, 0x99aa_bbcc));
        client.regions().writeAll(writes);
        assertThat(client.readLong(TestDevice.BAR2, 0)).isEqualTo(0x1122_3344_5566_7788L);
        client.writeLong(TestDevice.BAR2, 0, 0);
        client.regions().postAll(writes);
        assertThat(client.readLong(TestDevice.BAR2, 0)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(client.readInt(TestDevice.BAR2, 8)).isEqualTo(0x99aa_bbcc);
        MemorySegment memory = TestMemory.pattern(arena, 4096);
        client.dma().map(IOVA, memory, true);
        assertThat(client.limits().maxDataXferSize()).isEqualTo(most);
      }
    }
  }

  @Test
  void refusesZeroTransferLimit() throws Exception {
    try (TestServer served = TestServer.start(folder); RawPeer peer = served.connectRaw()) {
      peer.assertRefused(Errno.EINVAL, Command.VERSION,
          MessageBytes.version(1, "{\"capabilities\":{\"max_data_xfer_size\":0}}"));
    }
  }

  @Test
  void disconnectsOnTooLongMessage() throws Exception {
    try (TestServer served = TestServer.start(folder)) {
      try (RawPeer peer = served.connectRaw()) {
        peer.negotiate(SMALLEST_JSON);
        peer.send(RawPeer.header(1, Command.REGION_WRITE.wireValue(), 64 << 10, 0, 0).toBytes());
        assertThat(peer.reply(1, Command.REGION_WRITE).errno()).isEqualTo(Errno.EINVAL.number());
        assertThat(served.log().take())
            .isEqualTo("connection failed: a message of 65536 bytes, more than negotiated");
      }
      served.assertServesNext();
    }
  }

  @Test
  void negotiatesPageSizes() throws Exception {
    Limits large = Limits.DEFAULT.withPageSizes(2 << 20 | 1 << 30);
    try (Arena arena = Arena.ofShared();
        TestServer served = TestServer.start(folder, ServerOptions.DEFAULT.withLimits(large))) {
      try (VfioUserClient client = served.connect()) {
        assertThat(client.limits().pageSizes()).isEqualTo(2 << 20 | 1 << 30);
        assertRefused(Errno.EINVAL, () -> client.dma().map(0, arena.allocate(4096, 8), true));
        client.dma().map(2 << 20, arena.allocate(2 << 20, 8), true);
      }
      try (RawPeer peer = served.connectRaw()) {
        peer.negotiate("{\"capabilities\":{\"pgsizes\":2097152}}");
        peer.assertRefused(Errno.EINVAL, Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0x1000, 2 << 20));
        peer.assertRefused(Errno.EINVAL, Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0, 0x1000));
        peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 0, 2 << 20));
      }
      // The default is 4 KiB pages.
      try (RawPeer peer = served.connectRaw()) {
        peer.assertRefused(Errno.EINVAL, Command.VERSION, MessageBytes.version(1, "{\"capabilities\":{}}"));
        assertThat(served.log().take()).contains("no common page size");
      }
    }
  }

  @Test
  void rejectsUnusableLimits() {
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withMaxMsgFds(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withMaxDataXferSize(0));
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withMaxDmaMaps(0));
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withMaxBitmapSize(7));
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withPageSizes(0));
    assertThat(SMALLEST.withMaxMsgFds(1).withMaxDataXferSize(100).withMaxDmaMaps(2).withMaxBitmapSize(16))
        .isEqualTo(new Limits(1, 100, 2, 16));
  }
}
