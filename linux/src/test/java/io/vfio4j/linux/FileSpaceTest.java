// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSpaceTest {

  private static final int MIB = 1 << 20;

  @TempDir
  private Path folder;

  /** Creates a sparse file with one MiB at an offset. */
  private Path sparse(String name, long at) throws IOException {
    Path file = folder.resolve(name);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.allocate(MIB);
      while (bytes.hasRemaining()) {
        channel.write(bytes, at + bytes.position());
      }
      channel.force(true); // Some file systems allocate blocks only then.
    }
    return file;
  }

  @Test
  void reportsAllocationOfSparseFile() throws IOException {
    FileSpace space = FileSpace.of(sparse("sparse", 1L << 30));

    assertThat(space.allocated()).isBetween((long) MIB, 2L * MIB);
    assertThat(space.available().orElseThrow()).isPositive();
  }

  /** Compares with the JDK, which makes the same queries; other processes may write meanwhile. */
  @Test
  void reportsAvailableSpace() throws IOException {
    Path file = sparse("file", 0);
    long before = Files.getFileStore(file).getUsableSpace();
    long available = FileSpace.of(file).available().orElseThrow();
    long after = Files.getFileStore(file).getUsableSpace();

    long slack = 1L << 30;
    assertThat(available).isBetween(Math.min(before, after) - slack, Math.max(before, after) + slack);
  }

  @Test
  void identifiesFilesAndFileSystems() throws IOException {
    FileSpace one = FileSpace.of(sparse("one", 0));
    FileSpace other = FileSpace.of(sparse("other", 0));

    assertThat(one.isSameFile(FileSpace.of(folder.resolve("one")))).isTrue();
    assertThat(one.isSameFile(other)).isFalse();
    assertThat(one.fileSystem()).isEqualTo(other.fileSystem());
  }

  @Test
  void followsLinks() throws IOException {
    Path file = sparse("file", 0);
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);

    assertThat(FileSpace.of(link).isSameFile(FileSpace.of(file))).isTrue();
  }

  /** The size of a memfd is limited only by the machine's memory. */
  @Test
  void reportsNoAvailableSpaceForMemoryFiles() throws IOException {
    try (Fd fd = Memfd.create("ram", 8 * MIB)) {
      FileSpace space = FileSpace.of(Path.of("/proc/self/fd/" + fd.number()));

      assertThat(space.allocated()).isZero();
      assertThat(space.available()).isEmpty();
    }
  }

  @Test
  void failsForMissingFile() {
    assertThatThrownBy(() -> FileSpace.of(folder.resolve("none"))).isInstanceOfSatisfying(
        LinuxException.class,
        e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT));
  }
}
