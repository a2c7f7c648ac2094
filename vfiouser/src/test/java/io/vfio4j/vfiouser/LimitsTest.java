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
import io.vfio4j.vfiouser.Structs.Feature;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits at their smallest, named by either end. */
class LimitsTest {

  private static final Limits SMALLEST = new Limits(0, 64, 1, 8);
  private static final String SMALLEST_JSON = """
      {"capabilities":{"max_msg_fds":0,"max_data_xfer_size":64,"max_dma_maps":1,"pgsizes":4096,\
      "migration":{"max_bitmap_size":8,"pgsize":4096}}}""";
  private static final long IOVA = 0x10_0000;

  @TempDir
  private Path folder;

  private Served serve(boolean serverHasThem) throws Exception {
    return Served.in(folder,
        serverHasThem ? ServerOptions.DEFAULT.withLimits(SMALLEST) : ServerOptions.DEFAULT);
  }

  private static String json(boolean serverHasThem) {
    return serverHasThem ? RawPeer.CAPABILITIES : SMALLEST_JSON;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aServerHoldsTheClientToThem(boolean serverHasThem) throws Exception {
    try (Served served = serve(serverHasThem); RawPeer peer = served.raw();
        EventFd event = EventFd.create()) {
      peer.negotiate(json(serverHasThem));
      peer.refused(Errno.EINVAL, Command.DEVICE_SET_IRQS, Body.irqSet(0x24, 2, 0, 1), event.fd());
      peer.refused(Errno.EINVAL, Command.REGION_READ, Body.regionAccess(2, 0, 65));
      peer.refused(Errno.EINVAL, Command.REGION_WRITE, Body.regionAccess(2, 0, 65).zeros(65));
      assertThat(peer.done(Command.REGION_READ, Body.regionAccess(2, 0, 64)).body()).hasSize(16 + 64);
      peer.done(Command.REGION_WRITE, Body.regionAccess(2, 0, 64).zeros(64));
      peer.done(Command.DMA_MAP, Body.dmaMap(3, 0, IOVA, 0x10_0000));
      peer.refused(Errno.ENOSPC, Command.DMA_MAP, Body.dmaMap(3, 0, 2 * IOVA, 4096));
      peer.done(Command.DMA_UNMAP, Body.dmaUnmap(0, IOVA, 0x10_0000));
      peer.done(Command.DMA_MAP, Body.dmaMap(3, 0, 2 * IOVA, 4096));
      // A command that has no data may be longer than the data of one.
      Body ranges = Body.feature(6 | Feature.SET, 16 + 256 * 16).u64(4096).u32(256, 0);
      for (int i = 0; i < 256; i++) {
        ranges.u64(IOVA + i * 4096L, 4096);
      }
      peer.done(Command.DEVICE_FEATURE, ranges);
      Body report = Body.feature(8 | Feature.GET, 24 + 16).u64(IOVA, 65 * 4096, 4096);
      peer.refused(Errno.E2BIG, Command.DEVICE_FEATURE, report);
      assertThat(peer.done(Command.DEVICE_FEATURE,
          Body.feature(8 | Feature.GET, 24 + 8).u64(IOVA, 64 * 4096, 4096)).body()).hasSize(8 + 24 + 8);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aServerKeepsToThemItself(boolean serverHasThem) throws Exception {
    try (Served served = serve(serverHasThem); RawPeer peer = served.raw()) {
      peer.negotiate(json(serverHasThem));
      // No descriptor, so nothing to map it by.
      RawPeer.Message region = peer.done(Command.DEVICE_GET_REGION_INFO,
          Body.empty().u32(64, 0, TestDevice.BAR2, 0).u64(0, 0).zeros(32));
      assertThat(region.fields().getInt(4) & Structs.RegionInfo.MMAP).isZero();
      assertThat(peer.fds().count()).isZero();
      peer.done(Command.DMA_MAP, Body.dmaMap(3, 0, IOVA, 4096));
      peer.done(Command.REGION_WRITE, Body.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(100));
      peer.send(RawPeer.command(7, Command.REGION_WRITE,
          Body.regionAccess(0, TestDevice.DO, 4).u32(TestDevice.DMA_WRITE)));
      for (int piece : new int[] {64, 36}) {
        RawPeer.Message write = peer.receive();
        assertThat(write.command()).isEqualTo(Command.DMA_WRITE.wireValue());
        assertThat(write.body()).hasSize(16 + piece);
        peer.send(RawPeer.message(write.id(), Command.DMA_WRITE, RawPeer.REPLY, 0,
            Body.empty().u64(write.fields().getLong(0), piece).toBytes()));
      }
      assertThat(peer.reply(7, Command.REGION_WRITE).errno()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void oursWorkTogetherWithin(boolean serverHasThem) throws Exception {
    ClientOptions options =
        serverHasThem ? ClientOptions.DEFAULT : ClientOptions.DEFAULT.withLimits(SMALLEST);
    try (Arena arena = Arena.ofShared(); Served served = serve(serverHasThem);
        VfioUserClient client = served.connect(options); Fd file = Memfd.create("guest", 4096);
        EventFd event = EventFd.create()) {
      assertThat(client.limits()).isEqualTo(SMALLEST);
      MemorySegment data = RoundTripTest.pattern(arena, 1000);
      MemorySegment back = arena.allocate(1000, 8);
      client.writeRegion(TestDevice.BAR2, 10, data);
      client.readRegion(TestDevice.BAR2, 10, back);
      assertThat(back.mismatch(data)).isEqualTo(-1);

      assertRefused(Errno.EOPNOTSUPP, () -> client.mapDma(new IovaRange(IOVA, 4096), file, 0, true));
      assertRefused(Errno.EOPNOTSUPP, () -> client.irqs().assign(DeviceDescription.MSIX, 0, List.of(event)));
      assertRefused(Errno.ENODEV, () -> client.mapRegion(TestDevice.BAR2));
      client.mapDma(IOVA, arena.allocate(4096, 8), true);
      assertRefused(Errno.ENOSPC, () -> client.mapDma(2 * IOVA, arena.allocate(4096, 8), true));
      assertRefused(Errno.EINVAL, () -> client.mapDma(IOVA + 1, arena.allocate(4096, 8), true));
      assertRefused(Errno.E2BIG, () -> client.dmaLog().orElseThrow()
          .report(new IovaRange(IOVA, 65 * 4096), 4096, arena.allocate(16, 8)));

      assertStateGoesThrough(client, arena);
    }
  }

  private static void assertRefused(Errno errno, ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  private static void assertStateGoesThrough(VfioUserClient client, Arena arena) throws Exception {
    client.writeInt(TestDevice.BAR2, 0, 4711);
    MemorySegment state = arena.allocate(TestDevice.STREAM_BYTES, 8);
    SavingSession saving = client.moveTo(DeviceState.STOP_COPY).saving();
    long done = 0;
    for (long got = 0; got != SavingSession.END; got = saving.read(state.asSlice(done))) {
      assertThat(got).isLessThanOrEqualTo(64);
      done += got;
      if (done == state.byteSize()) {
        break;
      }
    }
    client.reset();
    ResumingSession resuming = client.moveTo(DeviceState.RESUMING).resuming();
    resuming.write(state.asSlice(0, done));
    client.moveTo(DeviceState.RUNNING);
    assertThat(client.readInt(TestDevice.BAR2, 0)).isEqualTo(4711);
  }

  /** The protocol sets no minimum. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8, 23, 63})
  void aClientMayTakeLessDataThanARegisterHas(int most) throws Exception {
    try (Served served = Served.in(folder); Arena arena = Arena.ofShared()) {
      try (RawPeer peer = served.raw()) {
        peer.negotiate("{\"capabilities\":{\"max_data_xfer_size\":" + most + "}}");
        peer.refused(Errno.EINVAL, Command.REGION_READ, Body.regionAccess(2, 0, most + 1));
        assertThat(peer.done(Command.REGION_READ, Body.regionAccess(2, 0, most)).body()).hasSize(16 + most);
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
        MemorySegment memory = RoundTripTest.pattern(arena, 4096);
        client.mapDma(IOVA, memory, true);
        assertThat(client.limits().maxDataXferSize()).isEqualTo(most);
      }
    }
  }

  @Test
  void noDataAtAllIsRefused() throws Exception {
    try (Served served = Served.in(folder); RawPeer peer = served.raw()) {
      peer.refused(Errno.EINVAL, Command.VERSION,
          Body.version(1, "{\"capabilities\":{\"max_data_xfer_size\":0}}"));
    }
  }

  @Test
  void aMessageLongerThanAgreedOnEndsTheConnection() throws Exception {
    try (Served served = Served.in(folder)) {
      try (RawPeer peer = served.raw()) {
        peer.negotiate(SMALLEST_JSON);
        peer.send(RawPeer.header(1, Command.REGION_WRITE.wireValue(), 64 << 10, 0, 0).toBytes());
        assertThat(peer.reply(1, Command.REGION_WRITE).errno()).isEqualTo(Errno.EINVAL.number());
        assertThat(served.log().take())
            .isEqualTo("client given up: a message of 65536 bytes, more than was agreed on");
      }
      served.assertServesNext();
    }
  }

  @Test
  void pagesAreOfTheSizesThatBothKnow() throws Exception {
    Limits large = Limits.DEFAULT.withPageSizes(2 << 20 | 1 << 30);
    try (Arena arena = Arena.ofShared();
        Served served = Served.in(folder, ServerOptions.DEFAULT.withLimits(large))) {
      try (VfioUserClient client = served.connect()) {
        assertThat(client.limits().pageSizes()).isEqualTo(2 << 20 | 1 << 30);
        assertRefused(Errno.EINVAL, () -> client.mapDma(0, arena.allocate(4096, 8), true));
        client.mapDma(2 << 20, arena.allocate(2 << 20, 8), true);
      }
      try (RawPeer peer = served.raw()) {
        peer.negotiate("{\"capabilities\":{\"pgsizes\":2097152}}");
        peer.refused(Errno.EINVAL, Command.DMA_MAP, Body.dmaMap(3, 0, 0x1000, 2 << 20));
        peer.refused(Errno.EINVAL, Command.DMA_MAP, Body.dmaMap(3, 0, 0, 0x1000));
        peer.done(Command.DMA_MAP, Body.dmaMap(3, 0, 0, 2 << 20));
      }
      // Who says nothing has pages of 4 KiB.
      try (RawPeer peer = served.raw()) {
        peer.refused(Errno.EINVAL, Command.VERSION, Body.version(1, "{\"capabilities\":{}}"));
        assertThat(served.log().take()).contains("no size of pages in common");
      }
    }
  }

  @Test
  void limitsThatLeaveNoRoomAreNone() {
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withMaxMsgFds(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withMaxDataXferSize(0));
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withMaxDmaMaps(0));
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withMaxBitmapSize(7));
    assertThatIllegalArgumentException().isThrownBy(() -> SMALLEST.withPageSizes(0));
    assertThat(SMALLEST.withMaxMsgFds(1).withMaxDataXferSize(100).withMaxDmaMaps(2).withMaxBitmapSize(16))
        .isEqualTo(new Limits(1, 100, 2, 16));
  }
}
