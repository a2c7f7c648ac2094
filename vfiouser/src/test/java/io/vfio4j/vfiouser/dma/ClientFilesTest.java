// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import io.vfio4j.vfiouser.client.DmaOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.server.MappableFiles;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.testing.HugePages;
import io.vfio4j.vfiouser.testing.ProcessResources;
import io.vfio4j.vfiouser.testing.TestDevice;
import io.vfio4j.vfiouser.testing.TestServer;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of all kinds as a client's memory: which are mapped, and how the others are accessed. */
class ClientFilesTest {

  private static final Errno OK = new Errno(0);
  private static final long PAGE = 0x1000;
  private static final long IOVA = 0x10_0000;
  private static final MappableFiles HUGE_PAGES_ONLY =
      new MappableFiles(Set.of(FileStatus.HUGETLBFS), false);

  @TempDir
  private Path folder;
  private final Arena arena = Arena.ofShared();
  private TestServer served;
  private VfioUserClient client;

  @BeforeEach
  void serve() throws Exception {
    served = TestServer.start(folder);
    client = served.connect();
  }

  private void restart(MappableFiles mappable) throws Exception {
    client.close();
    served.close();
    served = TestServer.start(folder, ServerOptions.DEFAULT.withMappableFiles(mappable));
    client = served.connect();
  }

  @AfterEach
  void end() {
    client.close();
    served.close();
    arena.close();
  }

  private Errno dma(int what, long iova, int length) throws Exception {
    client.writeLong(TestDevice.BAR0, TestDevice.ADDRESS, iova);
    client.writeInt(TestDevice.BAR0, TestDevice.LENGTH, length);
    client.writeInt(TestDevice.BAR0, TestDevice.COMMAND, what);
    return new Errno(client.readInt(TestDevice.BAR0, TestDevice.STATUS));
  }

  private static Fd open(Path path) throws Exception {
    DeviceCalls calls = DeviceCalls.system();
    int number = calls.open(path);
    assertThat(number).as("open %s", path).isNotNegative();
    return calls.adopt(number, path.toString());
  }

  private static void assertRefused(Errno errno, ThrowingCallable call) {
    assertThatExceptionOfType(DeviceException.class).isThrownBy(call)
        .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
  }

  /** As QEMU maps a PC's RAM: below 640 KiB, the BIOS, and above 1 MiB. */
  @Test
  void mapsAndUnmapsPcRamInHugePages() throws Exception {
    IovaRange[] ram =
        {new IovaRange(0, 0xa_0000), new IovaRange(0xc_0000, 0x4_0000), new IovaRange(0x10_0000, 0x30_0000)};
    try (HugePages pages = HugePages.reserve(2);
        Fd huge = Memfd.createHuge("ram", 2 * HugePages.SIZE, HugePages.SIZE)) {
      if (pages.areAvailable()) {
        MemorySegment guest = MemoryMap.shared(huge, 0, 2 * HugePages.SIZE, true, arena);
        for (IovaRange range : ram) {
          client.dma().map(range, huge, range.iova(), true);
          assertThat(dma(TestDevice.DMA_WRITE_LONG, range.last() - 7, 0)).isEqualTo(OK);
          assertThat(guest.get(LittleEndian.U64, range.last() - 7)).isEqualTo(TestDevice.LONG_VALUE);
        }
        for (IovaRange range : ram) {
          client.dma().unmap(range);
        }
        client.dma().map(ram[1], huge, ram[1].iova(), true);
      } else {
        // Gets as far as the empty pool; an offset that is not whole pages is refused earlier.
        assertRefused(Errno.ENOMEM, () -> client.dma().map(ram[1], huge, ram[1].iova(), true));
      }
      client.close();
    }
    served.assertServesNext();
  }

  /** The pool may have no page for a hole that the client punched, sealed or not. */
  @Test
  void refusesSegmentsOfHugePages() throws Exception {
    try (Fd huge = Memfd.createHuge("ram", HugePages.SIZE, HugePages.SIZE);
        Fd small = Memfd.create("small", PAGE)) {
      Memfd.seal(huge);
      Memfd.seal(small);
      assertThat(ClientFile.of(huge).canFault()).isTrue();
      assertThat(ClientFile.of(small).canFault()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void accessesProcessMemory(boolean saysSo) throws Exception {
    MemorySegment memory = arena.allocate(3 * PAGE, PAGE);
    DmaOptions options = saysSo ? DmaOptions.READ_WRITE.withFileIo() : DmaOptions.READ_WRITE;
    try (Fd process = open(Path.of("/proc/self/mem"))) {
      client.dma().map(new IovaRange(IOVA, PAGE), process, memory.address(), options);
      client.dma().map(new IovaRange(IOVA + PAGE, PAGE), process, memory.address() + PAGE, options);
    }
    assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA + PAGE + 8, 0)).isEqualTo(OK);
    assertThat(memory.get(LittleEndian.U64, PAGE + 8)).isEqualTo(TestDevice.LONG_VALUE);
    memory.set(LittleEndian.U32, 0, 4711);
    assertThat(dma(TestDevice.DMA_READ, IOVA, 4)).isEqualTo(OK);
    assertThat(served.device().memory().get(LittleEndian.U32, 0)).isEqualTo(4711);
  }

  @Test
  void reportsUnmappedProcessMemoryAtAccess() throws Exception {
    try (Fd process = open(Path.of("/proc/self/mem"))) {
      client.dma().map(new IovaRange(IOVA, PAGE), process, 0, DmaOptions.READ_WRITE.withFileIo());
    }
    assertThat(dma(TestDevice.DMA_READ, IOVA, 4)).isEqualTo(Errno.EIO);
    assertThat(dma(TestDevice.DMA_WRITE, IOVA, 4)).isEqualTo(Errno.EIO);
    client.close();
    served.assertServesNext();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void acceptsCharacterDeviceWithoutSize(boolean mapped) throws Exception {
    restart(mapped ? MappableFiles.MEMORY.withFileSystems(List.of("any")) : MappableFiles.MEMORY);
    try (Fd zero = open(Path.of("/dev/zero"))) {
      client.dma().map(new IovaRange(IOVA, 2 * PAGE), zero, 0, true);
    }
    served.device().memory().fill((byte) 1);
    assertThat(dma(TestDevice.DMA_READ, IOVA + PAGE, 8)).isEqualTo(OK);
    assertThat(served.device().memory().get(LittleEndian.U64, 0)).isZero();
    assertThat(dma(TestDevice.DMA_WRITE, IOVA, 8)).isEqualTo(OK);
  }

  /**
   * A page fault that the file system does not complete would block the whole process, if the file were
   * mapped.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void mapsOtherFilesOnlyWhenConfigured(boolean request) throws Exception {
    restart(request ? MappableFiles.MEMORY.withFileSystems(List.of("any")) : HUGE_PAGES_ONLY);
    Path path = Files.write(folder.resolve("ram"), new byte[(int) (2 * PAGE)]);
    try (Fd file = open(path)) {
      client.dma().map(new IovaRange(IOVA, PAGE), file, PAGE, true);
      assertThat(ProcessResources.mappings(path.toString())).isEqualTo(request ? 1 : 0);
      assertThat(dma(TestDevice.DMA_WRITE_LONG, IOVA, 0)).isEqualTo(OK);
      assertThat(ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN).getLong((int) PAGE))
          .isEqualTo(TestDevice.LONG_VALUE);
      client.dma().unmap(new IovaRange(IOVA, PAGE));
      assertRefused(Errno.EINVAL, () -> client.dma().map(new IovaRange(IOVA, PAGE), file, PAGE + 1, true));
    }
  }

  @Test
  void refusesUnmappableUnreadableFiles() throws Exception {
    try (EventFd event = EventFd.create(); Fd nothing = open(Path.of("/dev/null"))) {
      assertRefused(Errno.EINVAL, () -> client.dma().map(new IovaRange(IOVA, PAGE), event.fd(), 0, true));
      client.dma().map(new IovaRange(IOVA, PAGE), nothing, 0, true);
      assertThat(dma(TestDevice.DMA_READ, IOVA, 8)).isEqualTo(Errno.EFAULT);
    }
    client.close();
    served.assertServesNext();
  }
}
