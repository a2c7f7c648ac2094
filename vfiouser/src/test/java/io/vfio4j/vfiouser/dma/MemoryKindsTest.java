// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.MemoryKind;
import io.vfio4j.model.dma.MemoryKindException;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.server.MappableFiles;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Access of a device to each kind of memory, by {@code DmaMemory}. */
class MemoryKindsTest {

  private static final int PAGE = 0x1000;
  private static final int RW = DmaMap.READ | DmaMap.WRITE;
  private static final long MEMORY = 0x10_0000;
  private static final IovaRange PEER = new IovaRange(MEMORY + 2 * PAGE, PAGE);
  private static final long EXPORTED = 0x20_0000;
  private static final long OPAQUE = 0x30_0000;
  private static final long FILE_IO = 0x40_0000;
  private static final int MAX_MAPPED = 100;
  private static final int MAX_FILES = 3;
  private static final long UNSEALED = 0x70_0000;

  /** A method that accesses memory. */
  @FunctionalInterface
  interface Reach {
    void reach(DmaMemory dma, long iova, MemorySegment local) throws ErrnoException;
  }

  private final Arena arena = Arena.ofConfined();
  private final AtomicLong peerTraffic = new AtomicLong();
  private final List<String> messages = new ArrayList<>();
  private final MappingBudget budget = new MappingBudget(MAX_MAPPED);
  private final DmaTable table = new DmaTable(peerTraffic,
      new DmaBackingFactory(MappableFiles.MEMORY::contains, budget, new OpenFileCache(MAX_FILES)),
      messages::add);
  private final MemorySegment opaque = arena.allocate(PAGE);
  private Fd sealed;
  private Fd unsealed;
  private MemorySegment memory;

  /** Two pages of memory, a peer directly after them, and one mapping of each other kind. */
  @BeforeEach
  void map() throws Exception {
    sealed = Memfd.create("sealed", 8 * PAGE);
    Memfd.seal(sealed);
    unsealed = Memfd.create("unsealed", PAGE);
    memory = MemoryMap.shared(sealed, 0, 8 * PAGE, true, arena);
    table.attachClient(new RemoteMemory() {
      @Override
      public void read(long iova, MemorySegment into) {
        MemorySegment.copy(opaque, iova - OPAQUE, into, 0, into.byteSize());
      }

      @Override
      public void write(long iova, MemorySegment from) {
        MemorySegment.copy(from, 0, opaque, iova - OPAQUE, from.byteSize());
      }
    }, true);
    map(MEMORY, 2 * PAGE, RW | DmaMap.MMAP, sealed, 0);
    map(PEER.iova(), PAGE, RW | DmaMap.PEER, null, 0);
    map(EXPORTED, PAGE, RW | DmaMap.MMAP | DmaMap.PEER, sealed, 2 * PAGE);
    map(OPAQUE, PAGE, RW, null, 0);
    map(FILE_IO, PAGE, RW | DmaMap.FILE_IO, sealed, 3 * PAGE);
    map(UNSEALED, PAGE, RW, unsealed, 0);
  }

  @AfterEach
  void end() {
    table.close();
    sealed.close();
    unsealed.close();
    arena.close();
  }

  private void map(long iova, long size, int flags, @Nullable Fd fd, long offset) throws ErrnoException {
    table.map(iova, size, flags, fd, offset, 1000);
  }

  static Stream<Reach> allAccesses() {
    return Stream.of(
        (dma, iova, local) -> dma.check(iova, local.byteSize(), false),
        (dma, iova, local) -> dma.check(iova, local.byteSize(), true),
        DmaMemory::read,
        DmaMemory::write,
        (dma, iova, local) -> dma.writeLong(iova + local.byteSize() - Long.BYTES, -1),
        (dma, iova, local) -> dma.map(iova, local.byteSize(), false),
        (dma, iova, local) -> dma.map(iova, local.byteSize(), true),
        (dma, iova, local) -> dma.scatter(iova, local.byteSize(), false),
        (dma, iova, local) -> dma.scatter(iova, local.byteSize(), true));
  }

  @ParameterizedTest
  @MethodSource("allAccesses")
  void refusesPeerBeforeAnyAccess(Reach way) throws Exception {
    table.log().start(List.of(new long[] {MEMORY, 4 * PAGE}), PAGE);
    MemorySegment local = arena.allocate(PAGE + 16);
    local.fill((byte) 0x55);
    memory.fill((byte) 0x77);

    // All but the end is memory.
    assertThatExceptionOfType(MemoryKindException.class)
        .isThrownBy(() -> way.reach(table, MEMORY + PAGE, local.asSlice(0, PAGE + 8)))
        .satisfies(e -> {
          assertThat(e.errno()).isEqualTo(Errno.EFAULT);
          assertThat(e.kind()).isEqualTo(MemoryKind.PEER);
          assertThat(e.range()).isEqualTo(PEER);
        })
        .withMessage(
            PEER + " is peer memory, a region of another device: an emulated device cannot access it; "
                + "export the region as a descriptor, and map that: EFAULT (bad address)");

    assertThat(local.mismatch(arena.allocate(PAGE + 16).fill((byte) 0x55))).isEqualTo(-1);
    assertThat(memory.mismatch(arena.allocate(8 * PAGE).fill((byte) 0x77))).isEqualTo(-1);
    MemorySegment bitmap = arena.allocate(8);
    table.log().report(MEMORY, 4 * PAGE, PAGE, bitmap);
    assertThat(bitmap.get(LittleEndian.U64, 0)).as("dirty pages").isZero();
    assertThat(table.peerTraffic()).isZero();
  }

  @Test
  void countsExportedPeerAsPeerTraffic() throws Exception {
    MemorySegment local = arena.allocate(100);
    local.fill((byte) 3);
    table.write(EXPORTED + 10, local);
    assertThat(memory.asSlice(2 * PAGE + 10, 100).mismatch(local)).isEqualTo(-1);
    table.writeLong(EXPORTED, 42);
    assertThat(memory.get(LittleEndian.U64, 2 * PAGE)).isEqualTo(42);
    table.read(EXPORTED, local);
    assertThat(local.get(LittleEndian.U64, 0)).isEqualTo(42);
    assertThat(peerTraffic).hasValue(100 + 8 + 100);

    table.write(MEMORY, local);
    table.writeLong(MEMORY, 1);
    assertThat(table.peerTraffic()).as("host memory does not count").isEqualTo(208);
    assertThat(table.map(EXPORTED, PAGE, false).get(LittleEndian.U64, 0)).isEqualTo(42);
  }

  @Test
  void reportsOnlyExportedPeersWhenFlagged() throws Exception {
    assertThat(table.mayBePeer(MEMORY, 3 * PAGE)).as("memory, and a peer that cannot be accessed").isFalse();
    assertThat(table.mayBePeer(OPAQUE, PAGE)).isFalse();
    assertThat(table.mayBePeer(EXPORTED, 1)).isTrue();
    assertThat(table.mayBePeer(EXPORTED + PAGE - 1, 1)).isTrue();
    assertThat(table.mayBePeer(EXPORTED + PAGE, PAGE)).isFalse();
    assertThat(table.mayBePeer(EXPORTED - PAGE, PAGE)).isFalse();
    assertThat(table.mayBePeer(EXPORTED - PAGE, PAGE + 1)).isTrue();
    assertThat(table.mayBePeer(0, -1)).isTrue();
    assertThat(table.mayBePeer(MEMORY, -PAGE)).as("up to the last address").isTrue();
    assertThat(table.mayBePeer(EXPORTED, 0)).isFalse();
    table.unmap(EXPORTED, PAGE);
    assertThat(table.mayBePeer(0, -1)).isFalse();
  }

  @Test
  void treatsAllMemoryAsPeerWhenUnflagged() throws Exception {
    table.clear();
    table.attachClient(new NotedMemory(), false);
    map(MEMORY, PAGE, RW, sealed, 0);
    assertThat(table.mayBePeer(MEMORY, 1)).isTrue();
    assertThat(table.mayBePeer(MEMORY, 0)).isFalse();
  }

  @Test
  void boundsSegmentToMapping() throws Exception {
    MemorySegment mapped = table.map(MEMORY + 100, 200, true);
    assertThat(mapped.byteSize()).isEqualTo(200);
    mapped.set(LittleEndian.U64, 0, 99);
    assertThat(memory.get(LittleEndian.U64, 100)).isEqualTo(99);
    assertThatThrownBy(() -> mapped.set(LittleEndian.U64, 193, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    MemorySegment readOnly = table.map(MEMORY + 100, 200, false);
    assertThat(readOnly.get(LittleEndian.U64, 0)).isEqualTo(99);
    assertThatThrownBy(() -> readOnly.set(LittleEndian.U64, 0, 1))
        .isInstanceOf(IllegalArgumentException.class);

    table.unmap(MEMORY, 2 * PAGE);
    assertThatIllegalStateException().isThrownBy(() -> mapped.get(LittleEndian.U64, 0));
    assertThatIllegalStateException().isThrownBy(() -> readOnly.get(LittleEndian.U64, 0));
  }

  @Test
  void scattersAcrossMappings() throws Exception {
    map(MEMORY - PAGE, PAGE, RW, sealed, 5 * PAGE);
    memory.set(LittleEndian.U64, 6 * PAGE - 8, 1);
    memory.set(LittleEndian.U64, 0, 2);
    List<MemorySegment> parts = table.scatter(MEMORY - 8, 16, true);
    assertThat(parts).extracting(MemorySegment::byteSize).containsExactly(8L, 8L);
    assertThat(parts).extracting(part -> part.get(LittleEndian.U64, 0)).containsExactly(1L, 2L);
    assertThat(table.scatter(MEMORY, 0, true)).isEmpty();
    assertRefused(Errno.EFAULT, "spans 2 mappings", () -> table.map(MEMORY - 8, 16, true));
    assertRefused(Errno.EFAULT, "is not a valid range", () -> table.scatter(MEMORY, -1, false));
    assertRefused(Errno.EFAULT, "is not mapped", () -> table.scatter(MEMORY - 2 * PAGE, PAGE + 1, false));
  }

  @Test
  void returnsSegmentsOfSealedMemoryOnly() throws Exception {
    table.map(MEMORY, PAGE, true);
    assertKind(MemoryKind.MEMORY, "F_SEAL_SHRINK", () -> table.map(UNSEALED, 8, false));
    assertKind(MemoryKind.MEMORY, "file I/O", () -> table.map(FILE_IO, 8, false));
    assertKind(MemoryKind.OPAQUE, "its owner did not share", () -> table.scatter(OPAQUE, 8, false));
    MemorySegment local = arena.allocate(8);
    for (long iova : new long[] {UNSEALED, FILE_IO, OPAQUE}) {
      local.set(LittleEndian.U64, 0, iova);
      table.write(iova, local);
      table.read(iova, local);
      assertThat(local.get(LittleEndian.U64, 0)).isEqualTo(iova);
    }
    assertThat(opaque.get(LittleEndian.U64, 0)).isEqualTo(OPAQUE);
    assertThat(memory.get(LittleEndian.U64, 3 * PAGE)).isEqualTo(FILE_IO);
  }

  @Test
  void refusesWritableSegmentOfReadOnlyMapping() throws Exception {
    map(0x60_0000, PAGE, DmaMap.READ, sealed, 0);
    map(0x60_0000 + PAGE, PAGE, DmaMap.WRITE, sealed, PAGE);
    table.map(0x60_0000, PAGE, false);
    assertRefused(Errno.EACCES, "is read-only", () -> table.map(0x60_0000, PAGE, true));
    assertRefused(Errno.EACCES, "is read-only", () -> table.scatter(0x60_0000, PAGE, true));
    assertRefused(Errno.EACCES, "is not readable", () -> table.map(0x60_0000 + PAGE, 8, true));
  }

  /** The largest range that a client can map; addresses that are negative as signed numbers are valid too. */
  @Test
  void reachesWholeAddressSpaceMapping() throws Exception {
    table.clear();
    NotedMemory remote = new NotedMemory();
    table.attachClient(remote, true);
    map(0, -1, RW, null, 0);
    MemorySegment local = arena.allocate(16);
    for (long iova : new long[] {0, PAGE, Long.MAX_VALUE - 7, Long.MIN_VALUE, -18}) {
      table.read(iova, local);
      table.write(iova, local);
      assertThat(remote.lastIova).isEqualTo(iova);
      assertThat(remote.lastLength).isEqualTo(16);
    }
    assertRefused(Errno.EFAULT, "0xffffffffffffffff is not mapped", () -> table.read(-16, local));
  }

  /** One descriptor serves all mappings of a file, up to the limit of the client. */
  @Test
  void keepsOneDescriptorPerFile() throws Exception {
    Map<String, Long> fds = ProcessResources.openFds();
    long many = 1L << 32;
    for (int i = 1; i < 5000; i++) {
      table.map(many + (long) i * PAGE, PAGE, RW | DmaMap.FILE_IO, sealed, PAGE, 65_535);
    }
    assertThat(ProcessResources.openFds()).isEqualTo(fds);
    MemorySegment local = arena.allocate(8);
    local.set(LittleEndian.U64, 0, 4711);
    table.write(many + 4999L * PAGE, local);
    assertThat(memory.get(LittleEndian.U64, PAGE)).isEqualTo(4711);
    table.unmap(FILE_IO, PAGE);
    table.write(many + 4999L * PAGE, local);
    table.unmapAll();
    assertThat(ProcessResources.openFds()).isNotEqualTo(fds);
  }

  @Test
  void boundsOpenFiles() throws Exception {
    try (Fd third = Memfd.create("third", PAGE); Fd fourth = Memfd.create("fourth", PAGE)) {
      long next = FILE_IO + PAGE;
      map(next, PAGE, RW | DmaMap.FILE_IO, unsealed, 0);
      map(next + PAGE, PAGE, RW | DmaMap.FILE_IO, third, 0);
      assertRefused(Errno.ENOSPC, "more than 3 files accessed by file I/O",
          () -> map(next + 2 * PAGE, PAGE, RW | DmaMap.FILE_IO, fourth, 0));
      map(next + 2 * PAGE, PAGE, RW | DmaMap.FILE_IO | DmaMap.MMAP, fourth, 0);
      map(next + 3 * PAGE, PAGE, RW | DmaMap.FILE_IO, third, 0);
      table.unmap(next, PAGE);
      map(next, PAGE, RW | DmaMap.FILE_IO, fourth, 0);
    }
  }

  /** Linux limits the mappings of a process, and the JVM crashes if it cannot map memory for itself. */
  @Test
  void boundsMappings() throws Exception {
    table.unmapAll();
    for (int i = 0; i < MAX_MAPPED; i++) {
      table.map((long) i * PAGE, PAGE, RW, sealed, 0, 65_535);
    }
    assertThat(budget.tryAcquire()).isFalse();
    long next = (long) MAX_MAPPED * PAGE;
    table.map(next, PAGE, RW, sealed, 7 * PAGE, 65_535);
    assertKind(MemoryKind.MEMORY, "file I/O", () -> table.map(next, 8, false));
    table.writeLong(next, 4711);
    assertThat(memory.get(LittleEndian.U64, 7 * PAGE)).isEqualTo(4711);

    table.unmap(0, PAGE);
    table.map(0, PAGE, RW, sealed, 0, 65_535);
    table.map(0, PAGE, false);
    table.unmapAll();
    for (int i = 0; i < MAX_MAPPED; i++) {
      assertThat(budget.tryAcquire()).isTrue();
    }
  }

  /** As if the kernel cannot split a mapping to unmap it. */
  @Test
  void logsMappingThatCannotBeClosed() throws Exception {
    MappingBudget unpaid = new MappingBudget(MAX_MAPPED) {
      @Override
      void release() {
        throw new IllegalStateException("munmap: no");
      }
    };
    DmaTable other =
        new DmaTable(peerTraffic,
            new DmaBackingFactory(MappableFiles.MEMORY::contains, unpaid, new OpenFileCache(1)),
            messages::add);
    try {
      other.attachClient(new NotedMemory(), true);
      for (int i = 0; i < 4; i++) {
        other.map(MEMORY + (long) i * PAGE, PAGE, RW, sealed, 0, 10);
      }
      other.unmap(MEMORY, PAGE);
      assertThat(messages).singleElement().asString().contains("0x100000", "munmap: no");
      assertRefused(Errno.EFAULT, "is not mapped", () -> other.writeLong(MEMORY, 1));
      other.writeLong(MEMORY + PAGE, 1);
      other.unmap(MEMORY, 2 * PAGE);
      other.map(MEMORY, 2 * PAGE, RW, sealed, 0, 10);
    } finally {
      other.close();
    }
    assertThat(messages).hasSize(5);
  }

  @Test
  void keepsMappingWhenUnmapWithBitmapFails() throws Exception {
    table.log().start(List.of(new long[] {MEMORY, 4 * PAGE}), PAGE);
    table.writeLong(MEMORY, 1);
    MemorySegment bitmap = arena.allocate(DmaLog.bitmapBytes(new IovaRange(MEMORY, 2 * PAGE), PAGE));
    assertRefused(Errno.ENOENT, "does not match the mappings", () -> table.unmap(MEMORY, PAGE, PAGE, bitmap));
    assertRefused(Errno.EINVAL, "pages of 4097", () -> table.unmap(MEMORY, 2 * PAGE, 4097, bitmap));
    assertThat(bitmap.get(LittleEndian.U64, 0)).isZero();
    table.unmap(MEMORY, 2 * PAGE, PAGE, bitmap);
    assertThat(bitmap.get(LittleEndian.U64, 0)).isEqualTo(1);
    assertRefused(Errno.EFAULT, "is not mapped", () -> table.writeLong(MEMORY, 1));
  }

  private static void assertKind(MemoryKind kind, String words, ThrowingCallable call) {
    assertThatExceptionOfType(MemoryKindException.class).isThrownBy(call).withMessageContaining(words)
        .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
  }

  private static void assertRefused(Errno errno, String words, ThrowingCallable call) {
    assertThatExceptionOfType(ErrnoException.class).isThrownBy(call).withMessageContaining(words)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  /** Memory of a client that only records the requests. */
  private static final class NotedMemory implements RemoteMemory {
    private long lastIova;
    private long lastLength;

    @Override
    public void read(long iova, MemorySegment into) {
      lastIova = -1;
      lastLength = -1;
    }

    @Override
    public void write(long iova, MemorySegment from) {
      lastIova = iova;
      lastLength = from.byteSize();
    }
  }
}
