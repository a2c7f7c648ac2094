// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.model.Errno;
import org.junit.jupiter.api.Test;

class LinuxExceptionTest {

  @Test
  void describesCallSubjectAndErrno() {
    LinuxException e = new LinuxException("recvmsg", "/run/x.sock", Errno.ECONNRESET);

    assertThat(e).hasMessage("recvmsg on /run/x.sock: ECONNRESET (connection reset by peer)");
    assertThat(e.function()).isEqualTo("recvmsg");
    assertThat(e.subject()).isEqualTo("/run/x.sock");
    assertThat(e.errno()).isEqualTo(Errno.ECONNRESET);
  }

  @Test
  void returnsSuccessfulResults() throws LinuxException {
    assertThat(LinuxException.check(0, "read", "x")).isZero();
    assertThat(LinuxException.check(1L << 40, "mmap", "x")).isEqualTo(1L << 40);
  }
}
