// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.testing.MessageBytes;
import io.vfio4j.vfiouser.testing.RawPeer;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestMemory;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory that the device accesses directly. */
class DmaMappingTest {

  private static final int RW = 7;
  private static final int READ_ONLY = 5;
  private static final int WRITE_ONLY = 6;
  private static final long PAGE = 0x1000;
  private static final long IOVA = 0x10_0000;
  private static final Errno ENOENT = new Errno(2);

  @TempDir
  private Path folder;
  private final Arena arena = Arena.ofShared();
  private TestServer served;
  private RawPeer peer;
  private Fd file;
  private MemorySegment guest;

  @BeforeEach
  void connect() throws Exception {
    served = TestServer.start(folder);
    peer = served.connectNegotiated();
    file = Memfd.create("guest", 4 * PAGE);
    guest = MemoryMap.shared(file, 0, 4 * PAGE, true, arena);
  }

  @AfterEach
  void end() throws Exception {
    peer.close();
    served.close();
    arena.close();
    file.close();
  }

  private void map(long iova, long size, int flags, long offset) throws Exception {
    peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(flags, offset, iova, size), file);
  }

  private void assertRefused(Errno errno, long iova, long size, int flags, long offset) throws Exception {
    peer.assertRefused(errno, Command.DMA_MAP, MessageBytes.dmaMap(flags, offset, iova, size), file);
  }

  /** Makes the device do DMA, and returns its errno. */
  private Errno dma(int what, long iova, int length) throws Exception {
    peer.succeed(Command.REGION_WRITE,
        MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(iova).u32(length));
    peer.succeed(Command.REGION_WRITE, MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(what));
    return new Errno(
        peer.succeed(Command.REGION_READ, MessageBytes.regionAccess(0, TestDevice.STATUS, 4)).fields()
            .getInt(16));
  }

  private static final Errno OK = new Errno(0);

  @ParameterizedTest
  @ValueSource(longs = {-PAGE, 0, PAGE})
  void refusesOverlapAndKeepsMapping(long distance) throws Exception {
    map(IOVA, 2 * PAGE, RW, 0);
    assertRefused(Errno.EEXIST, IOVA + distance, 2 * PAGE, RW, PAGE);
    guest.set(LittleEndian.U32, 2 * PAGE - 4, 6);
    assertThat(dma(TestDevice.DMA_READ, IOVA + 2 * PAGE - 4, 4)).isEqualTo(OK);
    assertThat(served.device().memory().get(LittleEndian.U32, 0)).isEqualTo(6);
  }

  @Test
  void acceptsAdjacentMappings() throws Exception {
    map(IOVA, PAGE, RW, 0);
    map(IOVA + PAGE, PAGE, RW, PAGE);
    map(IOVA - PAGE, PAGE, RW, 2 * PAGE);
  }

  @Test
  void acceptsIdenticalMapping() throws Exception {
    for (int i = 0; i < 3; i++) {
      map(IOVA, PAGE, RW, PAGE);
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(3, 0, 2 * IOVA, PAGE));
    }
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 0)).isEqualTo(OK);
    assertThat(guest.get(LittleEndian.U64, PAGE)).isEqualTo(TestDevice.LONG_VALUE);
    peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, PAGE));
    peer.assertRefused(ENOENT, Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, PAGE));
  }

  @Test
  void refusesDifferentMappingOfSameRange() throws Exception {
    map(IOVA, PAGE, RW, PAGE);
    assertRefused(Errno.EEXIST, IOVA, PAGE, READ_ONLY, PAGE);
    assertRefused(Errno.EEXIST, IOVA, PAGE, RW, 0);
    assertRefused(Errno.EEXIST, IOVA, 2 * PAGE, RW, PAGE);
    peer.assertRefused(Errno.EEXIST, Command.DMA_MAP, MessageBytes.dmaMap(3, PAGE, IOVA, PAGE));
  }

  /** The client would not know that the device still accesses the old file. */
  @Test
  void refusesSameRangeOfAnotherFile() throws Exception {
    map(IOVA, PAGE, RW, PAGE);
    try (Fd other = Memfd.create("other", 4 * PAGE); Fd same = file.duplicate()) {
      peer.assertRefused(Errno.EEXIST, Command.DMA_MAP, MessageBytes.dmaMap(RW, PAGE, IOVA, PAGE), other);
      peer.succeed(Command.DMA_MAP, MessageBytes.dmaMap(RW, PAGE, IOVA, PAGE), same);
    }
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 0)).isEqualTo(OK);
    assertThat(guest.get(LittleEndian.U64, PAGE)).isEqualTo(TestDevice.LONG_VALUE);
  }

  /** As on a host with pages of 64 KiB, or with huge ones. */
  @Test
  void mapsAtUnalignedFileOffset() throws Exception {
    map(IOVA, PAGE, RW, 24);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + PAGE - 8, 0)).isEqualTo(OK);
    assertThat(guest.get(LittleEndian.U64, PAGE + 16)).isEqualTo(TestDevice.LONG_VALUE);
    peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, PAGE));
  }

  @Test
  void refusesRangeBeyondFile() throws Exception {
    assertRefused(Errno.EINVAL, IOVA, PAGE, RW, 4 * PAGE);
    assertRefused(Errno.EINVAL, IOVA, 5 * PAGE, RW, 0);
    assertRefused(Errno.EINVAL, IOVA, PAGE, RW, -PAGE);
    assertRefused(Errno.EINVAL, IOVA, PAGE, RW, Long.MAX_VALUE - 1);
    assertRefused(Errno.EINVAL, 0, -1, RW, 0);
    assertRefused(Errno.EINVAL, IOVA, PAGE, RW, 3 * PAGE + 1);
    map(IOVA, PAGE, RW, 3 * PAGE);
  }

  @Test
  void refusesNonFiles() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket one = pair.one(); UnixSocket other = pair.other()) {
      peer.assertRefused(Errno.EINVAL, Command.DMA_MAP, MessageBytes.dmaMap(RW, 0, IOVA, PAGE), one.fd());
      assertThat(other.fd().isOpen()).isTrue();
    }
  }

  @Test
  void enforcesMappingAccess() throws Exception {
    map(IOVA, PAGE, READ_ONLY, 0);
    map(IOVA + PAGE, PAGE, WRITE_ONLY, PAGE);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA, 4)).isEqualTo(Errno.EACCES);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 4)).isEqualTo(Errno.EACCES);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 4)).isEqualTo(OK);
    assertThat(dma(TestDevice.DMA_READ, IOVA + PAGE, 4)).isEqualTo(Errno.EACCES);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA + PAGE, 4)).isEqualTo(OK);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 2 * (int) PAGE)).isEqualTo(Errno.EACCES);
  }

  @Test
  void accessesAcrossMappings() throws Exception {
    map(IOVA, PAGE, RW, 2 * PAGE);
    map(IOVA + PAGE, PAGE, RW, 0);
    MemorySegment memory = served.device().memory();
    MemorySegment.copy(TestMemory.pattern(arena, 4096), 0, memory, 0, 4096);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA + PAGE - 1000, 4096)).isEqualTo(OK);
    assertThat(guest.asSlice(3 * PAGE - 1000, 1000).mismatch(memory.asSlice(0, 1000))).isEqualTo(-1);
    assertThat(guest.asSlice(0, 3096).mismatch(memory.asSlice(1000, 3096))).isEqualTo(-1);

    memory.fill((byte) 0);
    assertThat(dma(TestDevice.DMA_READ, IOVA + PAGE - 1000, 4096)).isEqualTo(OK);
    assertThat(memory.asSlice(0, 4096).mismatch(TestMemory.pattern(arena, 4096))).isEqualTo(-1);

    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + PAGE - 3, 0)).isEqualTo(OK);
    assertThat(guest.get(LittleEndian.U16, 3 * PAGE - 3)).isEqualTo((short) 0x7788);
    assertThat(guest.get(LittleEndian.U32, 0)).isEqualTo(0x22334455);
  }

  @Test
  void accessAcrossHoleTouchesNothing() throws Exception {
    map(IOVA, PAGE, RW, 0);
    map(IOVA + 2 * PAGE, PAGE, RW, PAGE);
    served.device().memory().fill((byte) 0x55);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA, 3 * (int) PAGE)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA + PAGE - 8, 16)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + PAGE - 4, 0)).isEqualTo(Errno.EFAULT);
    assertThat(guest.mismatch(arena.allocate(4 * PAGE))).isEqualTo(-1);
    guest.fill((byte) 0x77);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 3 * (int) PAGE)).isEqualTo(Errno.EFAULT);
    assertThat(served.device().memory().get(LittleEndian.U32, 0)).isEqualTo(0x55555555);
  }

  @Test
  void refusesWrappingAddresses() throws Exception {
    map(-PAGE, PAGE, RW, 0);
    map(0, PAGE, RW, PAGE);
    assertThat(dma(TestDevice.DMA_WRITE, -8, 8)).isEqualTo(OK);
    assertThat(dma(TestDevice.DMA_WRITE, -8, 16)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_READ, -8, 16)).isEqualTo(Errno.EFAULT);
    assertThat(dma(TestDevice.DMA_WRITE_LONG, -4, 0)).isEqualTo(Errno.EFAULT);
    peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, -PAGE, PAGE));
  }

  @Test
  void echoesUnmapRequest() throws Exception {
    map(IOVA, 2 * PAGE, RW, 0);
    assertThat(peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, 2 * PAGE)).body())
        .isEqualTo(MessageBytes.dmaUnmap(0, IOVA, 2 * PAGE).toBytes());
    peer.assertRefused(ENOENT, Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, 2 * PAGE));
  }

  /**
   * Mappings of pages 1, 2 to 3, and 5, and every range of pages 0 to 6; the oracle checks pages one by one.
   */
  @Test
  void unmapsOnlyWholeMappings() throws Exception {
    int[][] layout = {{1, 2}, {2, 4}, {5, 6}};
    for (int begin = 0; begin < 7; begin++) {
      for (int end = begin + 1; end <= 7; end++) {
        for (int[] pages : layout) {
          map(IOVA + pages[0] * PAGE, (pages[1] - pages[0]) * PAGE, RW, 0);
        }
        Set<Integer> left = new TreeSet<>(List.of(1, 2, 3, 5));
        boolean cuts = false;
        for (int[] pages : layout) {
          boolean holdsFirst = begin <= pages[0] && pages[0] < end;
          boolean holdsLast = begin <= pages[1] - 1 && pages[1] - 1 < end;
          cuts |= holdsFirst != holdsLast;
        }
        for (int page = begin; page < end && !cuts; page++) {
          left.remove(page);
        }
        MessageBytes unmap = MessageBytes.dmaUnmap(0, IOVA + begin * PAGE, (end - begin) * PAGE);
        if (left.size() == 4) {
          peer.assertRefused(ENOENT, Command.DMA_UNMAP, unmap);
        } else {
          peer.succeed(Command.DMA_UNMAP, unmap);
        }
        for (int page = 0; page < 7; page++) {
          assertThat(dma(TestDevice.DMA_READ, IOVA + page * PAGE, 4))
              .as("page %d after %d to %d", page, begin, end)
              .isEqualTo(left.contains(page) ? OK : Errno.EFAULT);
        }
        peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(2, 0, 0));
      }
    }
  }

  /** As QEMU unmaps a virtual IOMMU; the range ends at the last address but one. */
  @Test
  void unmapsWholeAddressSpace() throws Exception {
    map(0, PAGE, RW, 0);
    map(IOVA, PAGE, RW, PAGE);
    peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, 0, -1));
    assertThat(dma(TestDevice.DMA_READ, IOVA, 4)).isEqualTo(Errno.EFAULT);
    map(IOVA, 2 * PAGE, RW, 0);
    peer.assertRefused(ENOENT, Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, 0));
    peer.assertRefused(ENOENT, Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, -PAGE));
  }

  @Test
  void unmapsAll() throws Exception {
    map(IOVA, PAGE, RW, 0);
    map(3 * IOVA, PAGE, RW, 0);
    peer.succeed(Command.DMA_UNMAP, MessageBytes.dmaUnmap(2, 0, 0));
    peer.assertRefused(ENOENT, Command.DMA_UNMAP, MessageBytes.dmaUnmap(0, IOVA, PAGE));
    assertThat(dma(TestDevice.DMA_READ, 3 * IOVA, 4)).isEqualTo(Errno.EFAULT);
  }

  /** By then the device's code is compiled, in which the JVM handles such a fault differently. */
  @ParameterizedTest
  @ValueSource(ints = {0, 30_000})
  void faultsOnTruncatedFile(int before) throws Exception {
    map(IOVA, 4 * PAGE, RW, 0);
    for (int what : new int[] {TestDevice.DMA_WRITE_LONG, TestDevice.DMA_WRITE, TestDevice.DMA_READ}) {
      for (int i = 0; i < before; i++) {
        peer.send(RawPeer.message(1, Command.REGION_WRITE, RawPeer.NO_REPLY, 0,
            MessageBytes.regionAccess(0, TestDevice.ADDRESS, 12).u64(IOVA + 8L * (i & 63)).u32(64)
                .toBytes()));
        peer.send(RawPeer.message(1, Command.REGION_WRITE, RawPeer.NO_REPLY, 0,
            MessageBytes.regionAccess(0, TestDevice.COMMAND, 4).u32(what).toBytes()));
      }
    }
    Memfd.resize(file, PAGE);
    for (int i = 0; i < 2000; i++) {
      assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + 2 * PAGE, 0)).isEqualTo(Errno.EFAULT);
      assertThat(dma(TestDevice.DMA_WRITE, IOVA + 2 * PAGE, 64)).isEqualTo(Errno.EFAULT);
      assertThat(dma(TestDevice.DMA_READ, IOVA + 2 * PAGE, 64)).isEqualTo(Errno.EFAULT);
      assertThat(dma(TestDevice.DMA_WRITE, IOVA, 64)).as("round %d", i).isEqualTo(OK);
    }
    peer.close();
    served.assertServesNext();
  }
}
