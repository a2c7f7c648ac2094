// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.Descriptors.assertNoLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PollerTest {

  @Test
  void reportsReadableDescriptors() throws Exception {
    try (EventFd first = EventFd.create(); EventFd second = EventFd.create();
        EventFd third = EventFd.create();
        Poller poller = new Poller(first.fd(), second.fd(), third.fd())) {
      assertThat(poller.await(0)).isZero();
      assertThat(poller.await(1)).isZero();
      first.signal();
      third.signal();
      assertThat(poller.await(-1)).isEqualTo(0b101);
      assertThat(poller.await(Long.MAX_VALUE)).isEqualTo(0b101);
      assertThat(first.drain()).isEqualTo(1);
      assertThat(poller.await(0)).isEqualTo(0b100);
    }
  }

  @Test
  void wakesForSignal() throws Exception {
    try (EventFd event = EventFd.create(); Poller poller = new Poller(event.fd())) {
      Background<Long> waiter = Background.start(() -> poller.await(-1));
      event.signal();
      assertThat(waiter.result()).isEqualTo(1);
    }
  }

  @Test
  void reportsHangUp() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (Fd reader = pipe.reader(); Poller poller = new Poller(reader)) {
      pipe.writer().close();
      assertThat(poller.await(-1)).isEqualTo(1);
    }
  }

  @Test
  void acceptsUpTo64Descriptors() throws Exception {
    assertThatIllegalArgumentException().isThrownBy(() -> new Poller());
    try (EventFd event = EventFd.create()) {
      Fd[] fds = new Fd[65];
      Arrays.fill(fds, event.fd());
      assertThatIllegalArgumentException().isThrownBy(() -> new Poller(fds));
      event.signal();
      try (Poller poller = new Poller(Arrays.copyOf(fds, 64))) {
        assertThat(poller.await(0)).isEqualTo(-1);
      }
    }
  }

  @Test
  void failsForClosedDescriptor() throws Exception {
    EventFd open = EventFd.create();
    EventFd closed = EventFd.create();
    try (Poller poller = new Poller(open.fd(), closed.fd())) {
      closed.close();
      assertThatThrownBy(() -> poller.await(0)).isInstanceOfSatisfying(LinuxException.class,
          e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
    }
    int number = open.fd().number();
    open.close();
    assertThat(Descriptors.isOpen(number)).as("released by the poller").isFalse();
  }

  @Test
  void closesTwiceAndLeavesDescriptorsOpen() throws Throwable {
    assertNoLeaks(() -> {
      try (EventFd event = EventFd.create()) {
        Poller poller = new Poller(event.fd());
        poller.close();
        poller.close();
        event.signal();
      }
    });
  }
}
