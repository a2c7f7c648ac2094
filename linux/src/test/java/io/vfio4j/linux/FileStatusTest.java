// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.FileStatus.Access;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileStatusTest {

  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int O_PATH = 0x20_0000;

  @TempDir
  private Path folder;

  private static Fd open(Path path, int flags) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path.toString());
      return Fd.adopt(LinuxException.check(FileCalls.open(name, flags), "open", path.toString()),
          path.toString());
    }
  }

  @Test
  void reportsNoSizeForProcessMemory() throws Exception {
    try (Fd memory = open(Path.of("/proc/self/mem"), O_RDWR)) {
      FileStatus status = FileStatus.of(memory);
      assertThat(status.type()).isEqualTo(FileStatus.Type.REGULAR);
      assertThat(status.size()).isZero();
      assertThat(status.fileSystem()).isEqualTo(FileStatus.PROCFS);
      assertThat(status.hasSize()).isFalse();
    }
  }

  @Test
  void reportsNoSizeForCharacterDevice() throws Exception {
    try (Fd zero = open(Path.of("/dev/zero"), O_RDWR)) {
      FileStatus status = FileStatus.of(zero);
      assertThat(status.type()).isEqualTo(FileStatus.Type.CHARACTER_DEVICE);
      assertThat(status.hasSize()).isFalse();
      assertThat(status.isDax()).isFalse();
    }
  }

  /** DAX devices are rare, so this sysfs lists /dev/zero as one. */
  @Test
  void readsAlignmentOfDaxDevice() throws Exception {
    Path device = Files.createDirectory(folder.resolve("1:5"));
    Files.writeString(device.resolve("align"), "2097152\n");
    try (Fd zero = open(Path.of("/dev/zero"), O_RDWR)) {
      FileStatus status = FileStatus.of(zero, folder);
      assertThat(status.isDax()).isTrue();
      assertThat(status.mappingUnit()).isEqualTo(2 << 20);
    }
  }

  @Test
  void reportsSizeOfEmptyFile() throws Exception {
    try (Fd file = Memfd.create("empty", 0)) {
      FileStatus status = FileStatus.of(file);
      assertThat(status.type()).isEqualTo(FileStatus.Type.REGULAR);
      assertThat(status.hasSize()).isTrue();
    }
  }

  @Test
  void reportsTypeOfOtherFiles() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (EventFd event = EventFd.create(); UnixSocket one = pair.one(); UnixSocket other = pair.other();
        Fd directory = open(folder, O_RDONLY)) {
      assertThat(FileStatus.of(event.fd()).type()).isEqualTo(FileStatus.Type.ANONYMOUS);
      assertThat(FileStatus.of(event.fd()).hasSize()).isFalse();
      assertThat(FileStatus.of(one.fd()).type()).isEqualTo(FileStatus.Type.OTHER);
      assertThat(FileStatus.of(directory).type()).isEqualTo(FileStatus.Type.OTHER);
      assertThat(other.fd().isOpen()).isTrue();
    }
  }

  @Test
  void reportsAccessMode() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    try (Fd reads = open(file, O_RDONLY); Fd writes = open(file, O_WRONLY); Fd both = open(file, O_RDWR);
        Fd neither = open(file, O_PATH)) {
      assertThat(FileStatus.of(reads).access()).isEqualTo(Access.READ);
      assertThat(FileStatus.of(writes).access()).isEqualTo(Access.WRITE);
      assertThat(FileStatus.of(both).access()).isEqualTo(Access.READ_WRITE);
      assertThat(FileStatus.of(neither).access()).isEqualTo(Access.NONE);
      assertThat(FileStatus.of(reads).isSameFile(FileStatus.of(writes))).isTrue();
    }
    assertThat(Access.READ.allows(Access.READ_WRITE)).isFalse();
    assertThat(Access.READ_WRITE.allows(Access.WRITE)).isTrue();
    assertThat(Access.NONE.allows(Access.READ)).isFalse();
  }

  @Test
  void distinguishesFiles() throws Exception {
    try (Fd one = Memfd.create("one", 8); Fd other = Memfd.create("other", 8); Fd again = one.duplicate()) {
      assertThat(FileStatus.of(one).isSameFile(FileStatus.of(again))).isTrue();
      assertThat(FileStatus.of(one).isSameFile(FileStatus.of(other))).isFalse();
      assertThat(one.isSameOpenFile(other)).isFalse();
    }
  }
}
