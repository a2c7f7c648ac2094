// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.server.MappableFiles;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A client truncates the file of a mapping: each access to the missing part fails, and no other. */
class TruncatedFileTest {

  private static final long PAGE = 0x1000;
  private static final long IOVA = 0x10_0000;
  /** The number of accesses that fault, each of which costs two signals and an error with its stack. */
  private static final int FAULTS = 600;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment local = arena.allocate(256);
  private final DmaTable table =
      new DmaTable(new AtomicLong(), new DmaBackingFactory(MappableFiles.MEMORY::contains, false),
          message -> {
          });

  /** None of these mappings needs it. */
  private static final class NoMemory implements RemoteMemory {
    @Override
    public void read(long iova, MemorySegment into) throws ErrnoException {
      throw new ErrnoException(Errno.EIO, "not mapped by message");
    }

    @Override
    public void write(long iova, MemorySegment from) throws ErrnoException {
      throw new ErrnoException(Errno.EIO, "not mapped by message");
    }
  }

  @BeforeEach
  void begin() {
    table.attachClient(new NoMemory(), true);
  }

  @AfterEach
  void end() {
    table.close();
    arena.close();
  }

  private @Nullable Errno access(int way, long iova) {
    try {
      switch (way) {
        case 0 -> table.read(iova, local);
        case 1 -> table.write(iova, local);
        default -> table.writeLong(iova, iova);
      }
      return null;
    } catch (ErrnoException e) {
      return e.errno();
    }
  }

  /** 60,000 accesses before are enough to be compiled by both of the JVM's compilers. */
  @ParameterizedTest
  @CsvSource({"4, 0", "4, 60000", "8, 0", "8, 2000"})
  void faultsInInterpretedAndCompiledCode(int how, int before) throws Exception {
    try (Fd file = Memfd.create("cut", 4 * PAGE)) {
      table.map(IOVA, 4 * PAGE, DmaMap.READ | DmaMap.WRITE | how, file, 0, 10);
      for (int i = 0; i < before; i++) {
        assertThat(access(i % 3, IOVA + 3 * PAGE)).isNull();
      }
      Memfd.resize(file, PAGE);
      for (int i = 0; i < FAULTS; i++) {
        assertThat(access(i % 3, IOVA + 2 * PAGE)).as("access %d to the missing part", i)
            .isEqualTo(Errno.EFAULT);
        assertThat(access(i % 3, IOVA + 2 * PAGE - 8)).isEqualTo(Errno.EFAULT);
        assertThat(access((i + 1) % 3, IOVA)).as("access %d to the remaining part", i).isNull();
      }
      assertThat(file.size()).as("not extended by an access").isEqualTo(PAGE);

      Memfd.resize(file, 4 * PAGE);
      assertThat(access(0, IOVA + 2 * PAGE)).as("the mapping is as before").isNull();
    }
  }

  @Test
  void faultsOnPartlyTruncatedAccess() throws Exception {
    try (Fd file = Memfd.create("cut", 2 * PAGE)) {
      table.map(IOVA, 2 * PAGE, DmaMap.READ | DmaMap.WRITE, file, 0, 10);
      Memfd.resize(file, PAGE);
      assertThat(access(0, IOVA + PAGE - 128)).isEqualTo(Errno.EFAULT);
      assertThat(access(1, IOVA + PAGE - 128)).isEqualTo(Errno.EFAULT);
      assertThat(access(1, IOVA + PAGE - 256)).isNull();
    }
  }

  /** So such memory needs no check, and can be returned as a segment. */
  @Test
  void treatsSealedFileAsStable() throws Exception {
    try (Fd file = Memfd.create("sealed", 2 * PAGE); Fd other = Memfd.create("not sealed", 2 * PAGE)) {
      Memfd.seal(file);
      assertThatExceptionOfType(LinuxException.class).isThrownBy(() -> Memfd.resize(file, PAGE))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EPERM));
      try (SharedMemory sealed = new SharedMemory(ClientFile.of(file), 0, PAGE, true, () -> {
      });
          SharedMemory unsealed = new SharedMemory(ClientFile.of(other), 0, PAGE, true, () -> {
          })) {
        assertThat(sealed.canFault()).isFalse();
        assertThat(unsealed.canFault()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 8193", "4096, 4097", "8192, 1", "-4096, 4096", "9223372036854775807, 4096", "0, -1"})
  void refusesShortFile(long offset, long size) throws Exception {
    try (Fd file = Memfd.create("short", 2 * PAGE)) {
      for (int how : new int[] {DmaMap.MMAP, DmaMap.FILE_IO}) {
        assertThatExceptionOfType(ErrnoException.class)
            .isThrownBy(() -> table.map(IOVA, size, DmaMap.READ | how, file, offset, 10))
            .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
      }
    }
  }
}
