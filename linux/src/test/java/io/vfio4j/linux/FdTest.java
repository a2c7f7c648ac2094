// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.Descriptors.assertNoLeaks;
import static io.vfio4j.linux.Descriptors.isOpen;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

class FdTest {

  @Test
  void closesOnce() throws Exception {
    Fd fd = Memfd.create("test", 0);
    int number = fd.number();

    fd.close();

    try (Fd reuser = Memfd.create("reuser", 0)) {
      assertThat(reuser.number()).isEqualTo(number);
      fd.close();
      assertThat(isOpen(number)).isTrue();
    }
  }

  @Test
  void reportsClosedDescriptor() throws Exception {
    Fd fd = Memfd.create("test", 0);
    assertThat(fd.isOpen()).isTrue();
    fd.close();

    assertThat(fd.isOpen()).isFalse();
    assertThat(fd.name()).isEqualTo("test");
    assertThatIllegalStateException().isThrownBy(fd::number).withMessage("test is closed");
    assertThatThrownBy(fd::size).isInstanceOfSatisfying(LinuxException.class,
        e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
    assertThatThrownBy(fd::duplicate).isInstanceOf(LinuxException.class);
  }

  @Test
  void keepsNumberDuringCalls() throws Exception {
    Fd fd = Memfd.create("test", 0);
    int number = fd.acquire("test");

    fd.close();

    assertThat(fd.isOpen()).isFalse();
    assertThat(isOpen(number)).isTrue();
    assertThatThrownBy(() -> fd.acquire("test")).isInstanceOf(LinuxException.class);
    fd.release();
    assertThat(isOpen(number)).isFalse();
  }

  @Test
  void closesOnceUnderConcurrentUse() throws Exception {
    for (int round = 0; round < 200; round++) {
      Fd fd = Memfd.create("test", 7);
      CyclicBarrier start = new CyclicBarrier(3);
      List<Background<Boolean>> threads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        boolean user = i == 0;
        threads.add(Background.start(() -> {
          start.await();
          if (user && fd.tryAcquire()) {
            fd.release();
          }
          fd.close(); // a second close(2) would fail with EBADF, an IllegalStateException
          return true;
        }));
      }
      for (Background<Boolean> thread : threads) {
        assertThat(thread.result()).isTrue();
      }
      assertThat(fd.isOpen()).isFalse();
    }
  }

  @Test
  void detectsForeignClose() throws Exception {
    Fd fd = Memfd.create("test", 0);
    assertThat(FileCalls.close(fd.number())).isZero();

    assertThatIllegalStateException().isThrownBy(fd::close).withMessageContaining("did not own it");
  }

  @Test
  void closesDuplicatesIndependentlyAndOnExec() throws Exception {
    try (Fd fd = Memfd.create("test", 4096)) {
      Fd duplicate = fd.duplicate();
      assertThat(duplicate.number()).isNotEqualTo(fd.number());
      assertThat(duplicate.size()).isEqualTo(4096);
      assertThat(Descriptors.isCloseOnExec(duplicate)).isTrue();
      duplicate.close();
      assertThat(fd.size()).isEqualTo(4096);
    }
  }

  @Test
  void leaksNoDescriptors() throws Throwable {
    assertNoLeaks(() -> {
      try (Fd fd = Memfd.create("test", 4096); Fd duplicate = fd.duplicate()) {
        assertThat(duplicate.size()).isEqualTo(fd.size());
      }
    });
  }
}
