// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.DmaOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** DMA_MAP and DMA_UNMAP in all their forms, through the vfio4j client and as raw bytes. */
class DmaCommandsTest {

  private static final int PAGE = 0x1000;
  private static final long IOVA = 0x10_0000;
  private static final IovaRange RANGE = new IovaRange(IOVA, 4 * PAGE);
  private static final Errno OK = new Errno(0);

  @TempDir
  private Path folder;
  private final Arena arena = Arena.ofShared();
  private TestServer served;
  private VfioUserClient client;
  private Fd file;
  private MemorySegment guest;

  @BeforeEach
  void connect() throws Exception {
    served = TestServer.start(folder);
    client = served.connect();
    file = Memfd.create("guest", 8 * PAGE);
    guest = MemoryMap.shared(file, 0, 8 * PAGE, true, arena);
  }

  @AfterEach
  void end() {
    client.close();
    served.close();
    arena.close();
    file.close();
  }

  private Errno dma(int what, long iova, int length) throws Exception {
    client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, iova);
    client.writeInt(TestDevice.BAR0, TestDevice.LENGTH, length);
    client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, what);
    return new Errno(client.readInt(TestDevice.BAR0, TestDevice.STATUS));
  }

  private static void assertRefused(Errno errno, ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  /** Replaces the client by a raw one. */
  private RawPeer raw(String json) throws Exception {
    client.close();
    while (true) {
      RawPeer peer = served.connectRaw();
      RawPeer.Message reply = peer.call(Command.VERSION, MessageBytes.version(1, json));
      if (!reply.isError()) {
        served.log().clear();
        return peer;
      }
      peer.close();
    }
  }

  @Test
  void faultsOnUnexportedPeer() throws Exception {
    assertThat(client.reportsMemoryKinds()).isTrue();
    client.dma().mapPeer(RANGE, true);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 8)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA, 8)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 8)).isEqualTo(Errno.EFAULT);
    client.dma().unmap(RANGE);
  }

  @Test
  void countsExportedPeerTraffic() throws Exception {
    client.dma().map(RANGE, file, PAGE, DmaOptions.READ_WRITE.asPeer());
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 0)).isEqualTo(OK);
    assertThat(guest.get(LittleEndian.U64, PAGE)).isEqualTo(TestDevice.LONG_VALUE);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 100)).isEqualTo(OK);
    assertThat(served.server().peerTraffic()).isEqualTo(108);
  }

  @Test
  void omitsPeerFlagWithoutMemoryKinds() throws Exception {
    try (RawPeer peer = raw(RawPeer.CAPABILITIES)) {
      peer.assertRefused(Errno.EINVAL, Command.DMA_MAP, MessageBytes.dmaMap(0x103, 0, IOVA, PAGE));
    }
    try (RawPeer peer = raw("{\"capabilities\":{\"vfio4j\":{\"memory_kinds\":false}}}")) {
      peer.assertRefused(Errno.EINVAL, Command.DMA_MAP, MessageBytes.dmaMap(0x103, 0, IOVA, PAGE));
    }
    try (RawPeer peer = raw("{\"capabilities\":{\"vfio4j\":{\"memory_kinds\":true}}}")) {
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(0x103, 0, IOVA, PAGE));
      peer.assertRefused(Errno.EINVAL, Command.DMA_MAP, MessageBytes.dmaMap(0x203, 0, IOVA + PAGE, PAGE));
    }
  }

  @Test
  void accessesMemoryByFileIo() throws Exception {
    client.dma().map(RANGE, file, PAGE + 3, DmaOptions.READ_WRITE.withFileIo());
    MemorySegment.copy(TestMemory.pattern(arena, 5000), 0, guest, PAGE + 3 + 7, 5000);
    assertThat(dma(TestDevice.DMA_READ, IOVA + 7, 5000)).isEqualTo(OK);
    assertThat(served.device().memory().asSlice(0, 5000).mismatch(TestMemory.pattern(arena, 5000)))
        .isEqualTo(-1);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA + 9000, 5000)).isEqualTo(OK);
    assertThat(guest.asSlice(PAGE + 3 + 9000, 5000).mismatch(TestMemory.pattern(arena, 5000)))
        .isEqualTo(-1);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 0)).isEqualTo(OK);
    assertThat(guest.get(LittleEndian.U64, PAGE + 3)).isEqualTo(TestDevice.LONG_VALUE);
    client.dma().unmap(RANGE);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 8)).isEqualTo(Errno.EFAULT);
  }

  @Test
  void faultsOnTruncatedFileWithoutExtendingIt() throws Exception {
    client.dma().map(RANGE, file, 0, DmaOptions.READ_WRITE.withFileIo());
    Memfd.resize(file, 2 * PAGE);
    assertThat(dma(TestDevice.DMA_READ, IOVA + 2 * PAGE - 4, 8)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA + 2 * PAGE - 4, 8)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + 3 * PAGE, 8)).isEqualTo(Errno.EFAULT);
    assertThat(file.size()).isEqualTo(2 * PAGE);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA + 2 * PAGE - 8, 8)).isEqualTo(OK);
    client.dma().unmap(RANGE);
    assertRefused(Errno.EINVAL, () -> client.dma().map(RANGE, file, 0, DmaOptions.READ_WRITE.withFileIo()));
  }

  @Test
  void reportsFileIoErrors() throws Exception {
    try (Fd rom = Memfd.create("rom", PAGE)) {
      Memfd.sealContent(rom);
      client.dma().map(new IovaRange(IOVA, PAGE), rom, 0, DmaOptions.READ_WRITE.withFileIo());
    }
    assertThat(dma(TestDevice.DMA_READ, IOVA, 8)).isEqualTo(OK);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA, 8)).isEqualTo(Errno.EPERM);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 8)).isEqualTo(Errno.EPERM);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 8)).isEqualTo(OK);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesWritesToReadOnlyMapping(boolean byFileIo) throws Exception {
    DmaOptions options = byFileIo ? DmaOptions.READ_ONLY.withFileIo() : DmaOptions.READ_ONLY;
    client.dma().map(RANGE, file, 0, options);
    guest.set(LittleEndian.U32, 0, 7);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 4)).isEqualTo(OK);
    assertThat(served.device().memory().get(LittleEndian.U32, 0)).isEqualTo(7);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA, 4)).isEqualTo(Errno.EACCES);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 0)).isEqualTo(Errno.EACCES);
    assertThat(guest.get(LittleEndian.U64, 0)).isEqualTo(7);
  }

  @Test
  void unmapsAllKinds() throws Exception {
    MemorySegment opaque = arena.allocate(PAGE);
    client.dma().map(RANGE, file, 0, true);
    client.dma().map(2 * IOVA, opaque, true);
    client.dma().map(new IovaRange(3 * IOVA, PAGE), file, 0, DmaOptions.READ_WRITE.withFileIo());
    client.dma().mapPeer(new IovaRange(4 * IOVA, PAGE), true);
    client.dma().unmapAll();
    for (long iova = IOVA; iova <= 4 * IOVA; iova += IOVA) {
      assertThat(dma(TestDevice.DMA_READ, iova, 4)).isEqualTo(Errno.EFAULT);
    }
    assertRefused(Errno.ENOENT, () -> client.dma().unmap(RANGE));
    client.dma().unmapAll();
    client.dma().map(RANGE, file, 0, true);
  }

  @Test
  void acceptsIdenticalMappingOnly() throws Exception {
    for (int i = 0; i < 2; i++) {
      client.dma().map(RANGE, file, 0, DmaOptions.READ_WRITE.asPeer());
      client.dma().mapPeer(new IovaRange(2 * IOVA, PAGE), true);
      client.dma().map(new IovaRange(3 * IOVA, PAGE), file, 0, DmaOptions.READ_WRITE.withFileIo());
    }
    assertRefused(Errno.EEXIST, () -> client.dma().map(RANGE, file, 0, DmaOptions.READ_WRITE));
    assertRefused(Errno.EEXIST,
        () -> client.dma().map(new IovaRange(3 * IOVA, PAGE), file, 0, DmaOptions.READ_WRITE));
    client.dma().unmap(RANGE);
    client.dma().map(RANGE, file, 0, DmaOptions.READ_WRITE);
  }

  /**
   * QEMU with a virtual IOMMU unmaps ranges that were never mapped; {@code DmaMappingTest} has mappings
   * within such a range.
   */
  @Test
  void acceptsQemusHugeUnmaps() throws Exception {
    try (RawPeer peer = raw(RawPeer.CAPABILITIES)) {
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, PAGE));
      for (long[] range : new long[][] {{0xfef0_0000L, 0xffffffff01100000L}, {IOVA + PAGE, -2 * IOVA},
          {0, IOVA},
          {0, 0}, {IOVA, -1}, {-PAGE, PAGE}}) {
        peer.assertRefused(Errno.ENOENT, Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, range[0], range[1]));
      }
      peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, PAGE));
    }
    served.assertServesNext();
  }

  @Test
  void unmapsSeveralMappingsWithOneBitmap() throws Exception {
    client.dma().map(RANGE, file, 0, true);
    client.dma().map(new IovaRange(IOVA + 8 * PAGE, PAGE), file, 0, DmaOptions.READ_WRITE.asPeer());
    IovaRange both = new IovaRange(IOVA, 16 * PAGE);
    client.dmaLog().orElseThrow().start(List.of(both), PAGE);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + 3 * PAGE, 0)).isEqualTo(OK);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + 8 * PAGE, 0)).isEqualTo(OK);
    assertRefused(Errno.ENOENT, () -> client.dma().unmap(new IovaRange(IOVA, 2 * PAGE), PAGE, bitmap(8)));
    MemorySegment bits = bitmap(8);
    client.dma().unmap(both, PAGE, bits);
    assertThat(bits.get(LittleEndian.U64, 0)).isEqualTo(0b1_0000_1000);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 8)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_READ, IOVA + 8 * PAGE, 8)).isEqualTo(Errno.EFAULT);
  }

  private MemorySegment bitmap(long bits) {
    return arena.allocate(bits, 8);
  }

  @Test
  void returnsAndClearsDirtyBitmapOnUnmap() throws Exception {
    client.dma().map(RANGE, file, 0, true);
    DmaLog log = client.dmaLog().orElseThrow();
    log.start(List.of(RANGE), PAGE);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + PAGE, 0)).isEqualTo(OK);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA + 3 * PAGE, 8)).isEqualTo(OK);
    MemorySegment bits = bitmap(8);
    bits.set(LittleEndian.U64, 0, 0x100);

    client.dma().unmap(RANGE, PAGE, bits);

    assertThat(bits.get(LittleEndian.U64, 0)).isEqualTo(0b1010 | 0x100);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 0)).isEqualTo(Errno.EFAULT);
    client.dma().map(RANGE, file, 0, true);
    MemorySegment after = bitmap(8);
    log.report(RANGE, PAGE, after);
    assertThat(after.get(LittleEndian.U64, 0)).as("cleared").isZero();
    client.dma().unmap(RANGE, 2L * PAGE, after);
    assertThat(after.get(LittleEndian.U64, 0)).isZero();
  }

  @Test
  void keepsMappingWhenBitmapIsRefused() throws Exception {
    client.dma().map(RANGE, file, 0, true);
    assertRefused(Errno.EINVAL, () -> client.dma().unmap(RANGE, PAGE, bitmap(8)));
    client.dmaLog().orElseThrow().start(List.of(RANGE), PAGE);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + PAGE, 0)).isEqualTo(OK);
    assertRefused(Errno.ENOENT, () -> client.dma().unmap(new IovaRange(IOVA, PAGE), PAGE, bitmap(8)));
    assertRefused(Errno.EINVAL, () -> client.dma().unmap(RANGE, 2048, bitmap(8)));
    assertRefused(Errno.EINVAL, () -> client.dma().unmap(RANGE, 3, bitmap(8)));
    assertRefused(Errno.EINVAL, () -> client.dma().unmap(RANGE, PAGE, bitmap(7)));
    assertThat(dma(TestDevice.DMA_READ, IOVA, 8)).isEqualTo(OK);
    MemorySegment bits = bitmap(8);
    client.dma().unmap(RANGE, PAGE, bits);
    assertThat(bits.get(LittleEndian.U64, 0)).as("no bit lost").isEqualTo(0b10);
  }

  /** The device is in the middle of a write by message; the pages written so far must be reported. */
  @Test
  void reportsPendingWritesOnUnmap() throws Exception {
    try (RawPeer peer = raw("{\"capabilities\":{\"max_data_xfer_size\":4096}}")) {
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4 * PAGE));
      peer.succeed(Command.DEVICE_FEATURE,
          MessageBytes.feature(Structs.Feature.DMA_LOGGING_START | Structs.Feature.SET, 32).u64(PAGE)
              .u32(1, 0)
              .u64(IOVA, 4 * PAGE));
      peer.succeed(Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA).u32(2 * PAGE));
      peer.send(RawPeer.command(0x77, Command.REGION_WRITE,
          MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(TestDevice.DMA_WRITE)));
      RawPeer.Message first = peer.receive();
      assertThat(first.fields().getLong(0)).isEqualTo(IOVA);
      peer.send(RawPeer.message(first.id(), Command.DMA_WRITE, RawPeer.REPLY, 0,
          MessageBytes.empty().u64(IOVA, PAGE).toBytes()));
      RawPeer.Message second = peer.receive();
      assertThat(second.fields().getLong(0)).isEqualTo(IOVA + PAGE);

      RawPeer.Message unmapped = peer.succeed(Command.DMA_UNMAP, unmapWithBitmap(48, RANGE, PAGE, 8));
      assertThat(unmapped.fields().getLong(40) & 1).isEqualTo(1);

      peer.send(RawPeer.message(second.id(), Command.DMA_WRITE, RawPeer.REPLY, 0,
          MessageBytes.empty().u64(IOVA + PAGE, PAGE).toBytes()));
      assertThat(peer.reply(0x77, Command.REGION_WRITE).errno()).isZero();
    }
  }

  private static MessageBytes unmapWithBitmap(int argsz, IovaRange range, long pageSize, long bytes) {
    return MessageBytes.empty().u32(argsz, 1).u64(range.iova(), range.length(), pageSize, bytes);
  }

  @Test
  void checksSizesOfUnmapWithBitmap() throws Exception {
    String json = "{\"capabilities\":{\"migration\":{\"max_bitmap_size\":4096}}}";
    try (RawPeer peer = raw(json)) {
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, IOVA, 4 * PAGE));
      IovaRange huge = new IovaRange(1L << 40, 1L << 40);
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, huge.iova(), huge.length()));
      peer.succeed(Command.DEVICE_FEATURE,
          MessageBytes.feature(Structs.Feature.DMA_LOGGING_START | Structs.Feature.SET, 32).u64(PAGE)
              .u32(1, 0)
              .u64(IOVA, 4 * PAGE));
      peer.assertRefused(Errno.EINVAL, Command.DMA_UNMAP,
          MessageBytes.empty().u32(24, 1).u64(IOVA, 4 * PAGE));
      peer.assertRefused(Errno.EINVAL, Command.DMA_UNMAP, unmapWithBitmap(39, RANGE, PAGE, 8));
      peer.assertRefused(Errno.EINVAL, Command.DMA_UNMAP, unmapWithBitmap(40, RANGE, PAGE, 7));
      peer.assertRefused(Errno.EINVAL, Command.DMA_UNMAP, unmapWithBitmap(40, RANGE, 0, 8));
      peer.assertRefused(Errno.EINVAL, Command.DMA_UNMAP, unmapWithBitmap(47, RANGE, PAGE, 8));
      peer.assertRefused(Errno.EINVAL, Command.DMA_UNMAP, unmapWithBitmap(-1, RANGE, PAGE, -1));
      peer.assertRefused(Errno.E2BIG, Command.DMA_UNMAP, unmapWithBitmap(-1, RANGE, PAGE, 4097));
      peer.assertRefused(Errno.E2BIG, Command.DMA_UNMAP, unmapWithBitmap(-1, huge, PAGE, 32 << 20));
      peer.assertRefused(Errno.EINVAL, Command.DMA_UNMAP,
          MessageBytes.empty().u32(40, 3).u64(0, 0, PAGE, 8));
      peer.succeed(Command.DMA_UNMAP, unmapWithBitmap(40 + 128, huge, 1L << 30, 128));

      RawPeer.Message reply = peer.succeed(Command.DMA_UNMAP, unmapWithBitmap(40 + 24, RANGE, PAGE, 24));
      assertThat(reply.body()).as("as large as the room for it").hasSize(40 + 24);
      ByteBuffer fields = reply.fields();
      assertThat(fields.getInt(4)).isEqualTo(1);
      assertThat(fields.getLong(8)).isEqualTo(IOVA);
      assertThat(fields.getLong(24)).isEqualTo(PAGE);
      assertThat(fields.getLong(32)).isEqualTo(24);
    }
    served.assertServesNext();
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 64, 1000, 4096, 1 << 20})
  void splitsMemoryAccessByMessage(int most) throws Exception {
    client.close();
    client = served.connect(ClientOptions.DEFAULT.withLimits(new Limits(8, most, 65535, 1 << 20)));
    int size = 20_480;
    MemorySegment opaque = TestMemory.pattern(arena, 2 * size);
    MemorySegment expected = TestMemory.pattern(arena, 2 * size).asSlice(0, size);
    client.dma().map(IOVA, opaque, true);
    assertThat(dma(TestDevice.DMA_READ, IOVA, size)).isEqualTo(OK);
    assertThat(served.device().memory().asSlice(0, size).mismatch(expected)).isEqualTo(-1);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA + size, size)).isEqualTo(OK);
    assertThat(opaque.asSlice(size).mismatch(expected)).isEqualTo(-1);
  }
}
