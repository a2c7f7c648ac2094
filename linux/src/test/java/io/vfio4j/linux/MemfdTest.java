// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.Descriptors.assertNoLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class MemfdTest {

  @Test
  void createsFileOfSizeClosedOnExec() throws Exception {
    try (Fd fd = Memfd.create("ram", 1 << 20)) {
      assertThat(fd.size()).isEqualTo(1 << 20);
      assertThat(fd.name()).isEqualTo("ram");
      assertThat(Descriptors.isCloseOnExec(fd)).isTrue();
      assertThat(Descriptors.target(fd)).isEqualTo("/memfd:ram (deleted)");
    }
  }

  @Test
  void resizesUntilSealed() throws Exception {
    try (Fd fd = Memfd.create("ram", 4096)) {
      Memfd.resize(fd, 8192);
      assertThat(fd.size()).isEqualTo(8192);
      assertThat(Memfd.isSealedAgainstShrinking(fd)).isFalse();

      Memfd.seal(fd);

      assertThat(Memfd.isSealedAgainstShrinking(fd)).isTrue();
      assertErrno(() -> Memfd.resize(fd, 4096), Errno.EPERM);
      assertErrno(() -> Memfd.resize(fd, 16384), Errno.EPERM);
      assertThat(fd.size()).isEqualTo(8192);
    }
  }

  @Test
  void reportsUnsealedForOtherFiles() throws Exception {
    try (EventFd event = EventFd.create()) {
      assertThat(Memfd.isSealedAgainstShrinking(event.fd())).isFalse();
      assertErrno(() -> Memfd.seal(event.fd()), Errno.EINVAL);
    }
  }

  @Test
  void failsForClosedDescriptor() throws Exception {
    Fd fd = Memfd.create("ram", 0);
    fd.close();
    assertThatIllegalStateException().isThrownBy(() -> Memfd.isSealedAgainstShrinking(fd));
    assertErrno(() -> Memfd.seal(fd), Errno.EBADF);
    assertErrno(() -> Memfd.resize(fd, 1), Errno.EBADF);
  }

  @Test
  void leaksNothingWhenSizeIsRefused() throws Throwable {
    assertNoLeaks(() -> assertErrno(() -> Memfd.create("ram", -1), Errno.EINVAL));
    assertNoLeaks(() -> assertErrno(() -> Memfd.create("x".repeat(250), 0), Errno.EINVAL));
  }

  private static void assertErrno(ThrowingCallable call, Errno errno) {
    assertThatThrownBy(call).isInstanceOfSatisfying(LinuxException.class,
        e -> assertThat(e.errno()).isEqualTo(errno));
  }
}
