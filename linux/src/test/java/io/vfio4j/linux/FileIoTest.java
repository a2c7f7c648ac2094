// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FileIoTest {

  private static final Errno ESPIPE = new Errno(29);

  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void readsWhatWasWrittenAtOffset() throws Exception {
    try (Fd fd = Memfd.create("places", 100)) {
      FileIo.write(fd, 40, arena.allocateFrom(JAVA_BYTE, (byte) 1, (byte) 2, (byte) 3));
      MemorySegment read = arena.allocate(5);
      assertThat(FileIo.read(fd, 39, read)).isEqualTo(5);
      assertThat(read.toArray(JAVA_BYTE)).containsExactly(0, 1, 2, 3, 0);
      assertThat(fd.size()).isEqualTo(100);
    }
  }

  @Test
  void readsUpToEndOfFile() throws Exception {
    try (Fd fd = Memfd.create("end", 10)) {
      assertThat(FileIo.read(fd, 7, arena.allocate(8))).isEqualTo(3);
      assertThat(FileIo.read(fd, 10, arena.allocate(8))).isZero();
      assertThat(FileIo.read(fd, 0, MemorySegment.NULL)).as("nothing").isZero();
    }
  }

  @Test
  void reportsErrno() throws Exception {
    MemorySegment memory = arena.allocate(8);
    try (Fd fd = Memfd.create("sealed", 8)) {
      Memfd.seal(fd);
      assertErrno(() -> FileIo.write(fd, 8, memory), Errno.EPERM);
      assertErrno(() -> FileIo.write(fd, -1, memory), Errno.EINVAL);
      Memfd.sealContent(fd);
      assertErrno(() -> FileIo.write(fd, 0, memory), Errno.EPERM);
      assertThat(FileIo.read(fd, 0, memory)).isEqualTo(8);
      assertErrno(() -> FileIo.read(fd, -1, memory), Errno.EINVAL);
    }
    Fd closed = Memfd.create("closed", 8);
    closed.close();
    assertErrno(() -> FileIo.read(closed, 0, memory), Errno.EBADF);
    assertErrno(() -> FileIo.write(closed, 0, memory), Errno.EBADF);
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket one = pair.one(); UnixSocket other = pair.other()) {
      assertErrno(() -> FileIo.read(one.fd(), 0, memory), ESPIPE);
      assertErrno(() -> FileIo.write(other.fd(), 0, memory), ESPIPE);
    }
  }

  private static void assertErrno(ThrowingCallable call, Errno errno) {
    assertThatThrownBy(call).isInstanceOfSatisfying(LinuxException.class,
        e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
