// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class MemoryMapTest {

  private static final long PAGES = 64 * 1024; // a multiple of every page size of arm64

  @Test
  void sharesWritesBetweenMappings() throws Exception {
    try (Fd fd = Memfd.create("shared", 2 * PAGES); Arena arena = Arena.ofConfined()) {
      MemorySegment whole = MemoryMap.shared(fd, 0, 2 * PAGES, true, arena);
      MemorySegment second = MemoryMap.shared(fd, PAGES, PAGES, false, arena);

      whole.set(JAVA_LONG, PAGES, 42);

      assertThat(whole.byteSize()).isEqualTo(2 * PAGES);
      assertThat(second.byteSize()).isEqualTo(PAGES);
      assertThat(second.get(JAVA_LONG, 0)).isEqualTo(42);
      assertThat(whole.isReadOnly()).isFalse();
      assertThat(second.isReadOnly()).isTrue();
    }
  }

  /** Like a host with pages of 64 KiB and a guest with smaller ones. */
  @Test
  void mapsPartsWithinPages() throws Exception {
    try (Fd fd = Memfd.create("part", 3 * PAGES)) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment whole = MemoryMap.shared(fd, 0, 3 * PAGES, true, arena);
        MemorySegment part = MemoryMap.shared(fd, PAGES - 24, PAGES + 100, true, arena);
        MemorySegment copy = MemoryMap.copyOnWrite(fd, 8, PAGES, arena);

        part.set(JAVA_LONG, 0, 42);

        assertThat(part.byteSize()).isEqualTo(PAGES + 100);
        assertThat(whole.get(JAVA_LONG, PAGES - 24)).isEqualTo(42);
        assertThat(copy.get(JAVA_LONG, PAGES - 32)).isEqualTo(42);
      }
      assertThat(mappingsOf("/memfd:part")).isZero();
    }
  }

  @Test
  void keepsMappingUntilArenaCloses() throws Exception {
    MemorySegment mapped;
    try (Arena arena = Arena.ofShared()) {
      try (Fd fd = Memfd.create("outlives-fd", PAGES)) {
        mapped = MemoryMap.shared(fd, 0, PAGES, true, arena);
      }
      mapped.set(JAVA_BYTE, 0, (byte) 1);
      assertThat(mappingsOf("/memfd:outlives-fd")).isEqualTo(1);
    }
    assertThat(mappingsOf("/memfd:outlives-fd")).isZero();
    assertThatIllegalStateException().isThrownBy(() -> mapped.get(JAVA_BYTE, 0));
  }

  @Test
  void keepsPrivateWritesUntilDiscarded() throws Exception {
    try (Fd fd = Memfd.create("private", PAGES); Arena arena = Arena.ofConfined()) {
      MemorySegment file = MemoryMap.shared(fd, 0, PAGES, true, arena);
      file.set(JAVA_LONG, 8, 1);
      MemorySegment copy = MemoryMap.copyOnWrite(fd, 0, PAGES, arena);
      assertThat(copy.get(JAVA_LONG, 8)).isEqualTo(1);

      copy.set(JAVA_LONG, 8, 2);
      assertThat(file.get(JAVA_LONG, 8)).isEqualTo(1);
      assertThat(copy.get(JAVA_LONG, 8)).isEqualTo(2);

      MemoryMap.discard(copy);
      assertThat(copy.get(JAVA_LONG, 8)).isEqualTo(1);
    }
  }

  @Test
  void zeroesDiscardedAnonymousPages() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mapped = MemoryMap.anonymous(1L << 40, arena); // more than available: nothing is reserved
      mapped.set(JAVA_LONG, 1L << 39, 1);
      MemoryMap.discard(mapped.asSlice(1L << 39, PAGES));
      assertThat(mapped.get(JAVA_LONG, 1L << 39)).isZero();
    }
  }

  @Test
  void refusesToDiscardPartialPages() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mapped = MemoryMap.anonymous(PAGES, arena);
      assertErrno(() -> MemoryMap.discard(mapped.asSlice(8)), Errno.EINVAL);
    }
  }

  @Test
  void checksRanges() throws Exception {
    try (Fd fd = Memfd.create("ranges", PAGES); Arena arena = Arena.ofConfined()) {
      assertErrno(() -> MemoryMap.shared(fd, 0, 0, true, arena), Errno.EINVAL);
      assertErrno(() -> MemoryMap.shared(fd, 0, -PAGES, true, arena), Errno.EINVAL);
      assertErrno(() -> MemoryMap.shared(fd, -PAGES, PAGES, true, arena), Errno.EINVAL);
      assertErrno(() -> MemoryMap.copyOnWrite(fd, Long.MAX_VALUE - 4095, PAGES, arena), Errno.EOVERFLOW);
      assertErrno(() -> MemoryMap.copyOnWrite(fd, Long.MAX_VALUE - PAGES, PAGES, arena), Errno.EOVERFLOW);
      assertErrno(() -> MemoryMap.anonymous(Long.MAX_VALUE, arena), Errno.ENOMEM);
    }
  }

  @Test
  void rejectsUnmappableDescriptors() throws Exception {
    try (EventFd event = EventFd.create(); Arena arena = Arena.ofConfined()) {
      assertErrno(() -> MemoryMap.shared(event.fd(), 0, PAGES, true, arena), Errno.ENODEV);
    }
    Fd closed = Memfd.create("closed", PAGES);
    closed.close();
    assertErrno(() -> MemoryMap.shared(closed, 0, PAGES, true, Arena.ofAuto()), Errno.EBADF);
  }

  @Test
  void unmapsWhenArenaIsClosed() throws Exception {
    Arena arena;
    try (Arena closed = Arena.ofConfined()) {
      arena = closed;
    }
    try (Fd fd = Memfd.create("closed-arena", PAGES)) {
      assertThatIllegalStateException().isThrownBy(() -> MemoryMap.shared(fd, 0, PAGES, true, arena));
      assertThat(mappingsOf("/memfd:closed-arena")).isZero();
    }
  }

  @Test
  void throwsInsteadOfCrashingOnTruncatedFile() throws Exception {
    try (Fd fd = Memfd.create("cut", PAGES); Arena arena = Arena.ofConfined()) {
      MemorySegment mapped = MemoryMap.shared(fd, 0, PAGES, true, arena);
      mapped.set(JAVA_LONG, 0, 1);

      Memfd.resize(fd, 0);

      assertThatExceptionOfType(InternalError.class).isThrownBy(() -> mapped.get(JAVA_LONG, 0));
      UnixSocket.Pair pair = UnixSocket.pair();
      try (UnixSocket one = pair.one(); UnixSocket other = pair.other()) {
        assertErrno(() -> one.send(mapped, MemorySegment.NULL, List.of()), Errno.EFAULT);
        assertThat(other.fd().isOpen()).isTrue();
      }
      Memfd.resize(fd, PAGES);
      assertThat(mapped.get(JAVA_LONG, 0)).isZero();
    }
  }

  private static long mappingsOf(String name) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains(name)).count();
    }
  }

  private static void assertErrno(ThrowingCallable call, Errno errno) {
    assertThatThrownBy(call).isInstanceOfSatisfying(LinuxException.class,
        e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
