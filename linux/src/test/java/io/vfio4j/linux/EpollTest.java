// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.Descriptors.assertNothingLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class EpollTest {

  private static List<Integer> told(Epoll epoll) throws LinuxException {
    List<Integer> keys = new ArrayList<>();
    int count = epoll.take();
    for (int i = 0; i < count; i++) {
      keys.add(epoll.key(i));
    }
    return keys;
  }

  @Test
  void tellsOfEachSignalThoughNobodyReads() throws Exception {
    try (EventFd one = EventFd.create(); EventFd other = EventFd.create(); Epoll epoll = Epoll.create();
        Poller poller = new Poller(epoll.fd())) {
      epoll.add(one.fd(), -7);
      epoll.add(other.fd(), Integer.MAX_VALUE);
      assertThat(poller.await(0)).isZero();
      assertThat(told(epoll)).isEmpty();
      for (int i = 0; i < 3; i++) {
        one.signal();
        assertThat(poller.await(-1)).isEqualTo(1);
        assertThat(told(epoll)).containsExactly(-7);
        assertThat(poller.await(0)).isZero();
        assertThat(told(epoll)).isEmpty();
      }
      one.signal();
      one.signal();
      other.signal();
      assertThat(told(epoll)).containsExactlyInAnyOrder(-7, Integer.MAX_VALUE);
      assertThat(one.drain()).as("never read").isEqualTo(5);
    }
  }

  @Test
  void whatWasSignalledBeforeIsToldToo() throws Exception {
    try (EventFd event = EventFd.create(); Epoll epoll = Epoll.create()) {
      event.signal();
      epoll.add(event.fd(), 1);
      assertThat(told(epoll)).containsExactly(1);
    }
  }

  @Test
  void manyAreToldInPieces() throws Exception {
    List<EventFd> events = new ArrayList<>();
    try (Epoll epoll = Epoll.create()) {
      for (int i = 0; i < 200; i++) {
        EventFd event = EventFd.create();
        events.add(event);
        epoll.add(event.fd(), i);
        event.signal();
      }
      Set<Integer> all = new TreeSet<>();
      for (List<Integer> some = told(epoll); !some.isEmpty(); some = told(epoll)) {
        all.addAll(some);
      }
      assertThat(all).hasSize(200);
    } finally {
      events.forEach(EventFd::close);
    }
  }

  @Test
  void whatIsRemovedIsToldNoMoreThoughItLivesOn() throws Exception {
    try (EventFd event = EventFd.create(); Epoll epoll = Epoll.create()) {
      try (Fd shared = event.fd().duplicate()) {
        epoll.add(shared, 1);
        event.signal();
        epoll.remove(shared);
        assertThatThrownBy(() -> epoll.remove(shared)).isInstanceOfSatisfying(LinuxException.class,
            e -> assertThat(e.errno().name()).isEqualTo("ENOENT"));
      }
      event.signal();
      assertThat(told(epoll)).isEmpty();
    }
  }

  @Test
  void whatCannotBeWaitedForIsRefused() throws Exception {
    try (Epoll epoll = Epoll.create(); EventFd event = EventFd.create();
        Fd file = Memfd.create("no events", 4096)) {
      assertThatThrownBy(() -> epoll.add(file, 1)).isInstanceOfSatisfying(LinuxException.class,
          e -> assertThat(e.errno().name()).isEqualTo("EPERM"));
      assertThatThrownBy(() -> epoll.add(epoll.fd(), 1)).isInstanceOfSatisfying(LinuxException.class,
          e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
      epoll.add(event.fd(), 1);
      assertThatThrownBy(() -> epoll.add(event.fd(), 2)).isInstanceOfSatisfying(LinuxException.class,
          e -> assertThat(e.errno().name()).isEqualTo("EEXIST"));
    }
  }

  @Test
  void aHangUpIsToldOnce() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (Fd reader = pipe.reader(); Epoll epoll = Epoll.create()) {
      epoll.add(reader, 3);
      pipe.writer().close();
      assertThat(told(epoll)).containsExactly(3);
      assertThat(told(epoll)).isEmpty();
    }
  }

  @Test
  void closesTwiceAndLeavesTheDescriptors() throws Throwable {
    assertNothingLeaks(() -> {
      try (EventFd event = EventFd.create()) {
        Epoll epoll = Epoll.create();
        epoll.add(event.fd(), 1);
        epoll.close();
        epoll.close();
        event.signal();
        assertThatThrownBy(epoll::take).isInstanceOfSatisfying(LinuxException.class,
            e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
      }
    });
  }
}
