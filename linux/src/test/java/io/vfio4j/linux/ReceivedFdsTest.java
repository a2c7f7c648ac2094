// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class ReceivedFdsTest {

  @Test
  void closesUntakenDescriptors() throws Exception {
    ReceivedFds fds = new ReceivedFds();
    Fd left = Memfd.create("left", 0);
    Fd wanted = Memfd.create("wanted", 0);
    fds.add(left);
    fds.add(wanted);

    assertThat(fds.count()).isEqualTo(2);
    try (Fd taken = fds.take(1)) {
      assertThat(taken).isSameAs(wanted);
      assertThat(fds.count()).isEqualTo(2);
      assertThatIllegalStateException().isThrownBy(() -> fds.take(1));

      fds.close();

      assertThat(left.isOpen()).isFalse();
      assertThat(taken.isOpen()).isTrue();
    }
  }

  @Test
  void isEmptyAfterClose() throws Exception {
    ReceivedFds fds = new ReceivedFds();
    fds.add(Memfd.create("first", 0));
    fds.close();
    fds.close();

    assertThat(fds.count()).isZero();
    assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> fds.take(0));
    fds.add(Memfd.create("second", 0));
    fds.take(0).close();
  }
}
