// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests the system calls of device files on files that every machine has. */
class SystemDeviceCallsTest {

  private static final DeviceCalls CALLS = DeviceCalls.system();
  /** FIONREAD of ioctl_tty(2): the number of bytes to read. */
  private static final int FIONREAD = 0x541b;
  private static final int BAD = -Errno.EBADF.number();

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment five =
      arena.allocateFrom(JAVA_BYTE, "fives".getBytes(StandardCharsets.US_ASCII));
  private final MemorySegment back = arena.allocate(8);

  @AfterEach
  void free() {
    arena.close();
  }

  private static Fd open(String path) {
    int number = CALLS.open(Path.of(path));
    assertThat(number).isNotNegative();
    return CALLS.adopt(number, path);
  }

  @Test
  void opensFilesCloseOnExec() throws Exception {
    try (Fd fd = open("/dev/null")) {
      assertThat(Descriptors.isCloseOnExec(fd)).isTrue();
      assertThat(CALLS.write(fd, five)).isEqualTo(5);
      assertThat(CALLS.read(fd, back)).isZero();
    }
    assertThat(CALLS.open(Path.of("/dev/no-such-device"))).isEqualTo(-Errno.ENOENT.number());
    assertThat(CALLS.open(Path.of("/dev"))).as("a directory").isNegative();
  }

  @Test
  void callsIoctl() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (Fd reader = pipe.reader(); Fd writer = pipe.writer(); Fd none = open("/dev/null")) {
      assertThat(CALLS.write(writer, five)).isEqualTo(5);
      assertThat(CALLS.ioctl(reader, FIONREAD, back, MemorySegment.NULL)).isZero();
      assertThat(back.get(JAVA_INT, 0)).isEqualTo(5);
      assertThat(CALLS.ioctl(none, FIONREAD, back, MemorySegment.NULL)).isEqualTo(-Errno.ENOTTY.number());
      assertThat(CALLS.ioctl(reader, FIONREAD, MemorySegment.ofAddress(8), MemorySegment.NULL))
          .as("a number in place of an address").isEqualTo(-Errno.EFAULT.number());
    }
  }

  @Test
  void awaitsReadability() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (Fd reader = pipe.reader(); Fd writer = pipe.writer()) {
      assertThat(CALLS.awaitReadable(reader, 0)).isZero();
      CALLS.write(writer, five);
      assertThat(CALLS.awaitReadable(reader, -1)).isOne();
      assertThat(CALLS.read(reader, back)).isEqualTo(5);
    }
  }

  @Test
  void readsAndWritesAtOffset() throws Exception {
    try (Fd file = Memfd.create("device", 8192)) {
      assertThat(CALLS.write(file, five, 4096)).isEqualTo(5);
      assertThat(CALLS.read(file, back.asSlice(0, 5), 4096)).isEqualTo(5);
      assertThat(back.asSlice(0, 5).mismatch(five)).isEqualTo(-1);
      assertThat(CALLS.map(file, 4096, 4096, true, arena).asSlice(0, 5).mismatch(five)).isEqualTo(-1);
    }
  }

  @Test
  void failsForClosedDescriptor() throws Exception {
    Fd file = Memfd.create("device", 8);
    file.close();

    assertThat(CALLS.ioctl(file, FIONREAD, back, MemorySegment.NULL)).isEqualTo(BAD);
    assertThat(CALLS.read(file, back)).isEqualTo(BAD);
    assertThat(CALLS.write(file, back)).isEqualTo(BAD);
    assertThat(CALLS.read(file, back, 0)).isEqualTo(BAD);
    assertThat(CALLS.write(file, back, 0)).isEqualTo(BAD);
    assertThat(CALLS.awaitReadable(file, 0)).isEqualTo(BAD);
  }
}
