// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.Descriptors.assertNoLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vfio4j.model.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class EpollTest {

  private static List<Integer> takeKeys(Epoll epoll) throws LinuxException {
    List<Integer> keys = new ArrayList<>();
    int count = epoll.poll();
    for (int i = 0; i < count; i++) {
      keys.add(epoll.key(i));
    }
    return keys;
  }

  @Test
  void reportsEachSignalWithoutReading() throws Exception {
    try (EventFd one = EventFd.create(); EventFd other = EventFd.create(); Epoll epoll = Epoll.create();
        Poller poller = new Poller(epoll.fd())) {
      epoll.add(one.fd(), -7);
      epoll.add(other.fd(), Integer.MAX_VALUE);
      assertThat(poller.await(0)).isZero();
      assertThat(takeKeys(epoll)).isEmpty();
      for (int i = 0; i < 3; i++) {
        one.signal();
        assertThat(poller.await(-1)).isEqualTo(1);
        assertThat(takeKeys(epoll)).containsExactly(-7);
        assertThat(poller.await(0)).isZero();
        assertThat(takeKeys(epoll)).isEmpty();
      }
      one.signal();
      one.signal();
      other.signal();
      assertThat(takeKeys(epoll)).containsExactlyInAnyOrder(-7, Integer.MAX_VALUE);
      assertThat(one.drain()).as("never read").isEqualTo(5);
    }
  }

  @Test
  void reportsSignalsBeforeAdd() throws Exception {
    try (EventFd event = EventFd.create(); Epoll epoll = Epoll.create()) {
      event.signal();
      epoll.add(event.fd(), 1);
      assertThat(takeKeys(epoll)).containsExactly(1);
    }
  }

  @Test
  void reportsManyInBatches() throws Exception {
    List<EventFd> events = new ArrayList<>();
    try (Epoll epoll = Epoll.create()) {
      for (int i = 0; i < 200; i++) {
        EventFd event = EventFd.create();
        events.add(event);
        epoll.add(event.fd(), i);
        event.signal();
      }
      Set<Integer> all = new TreeSet<>();
      for (List<Integer> some = takeKeys(epoll); !some.isEmpty(); some = takeKeys(epoll)) {
        all.addAll(some);
      }
      assertThat(all).hasSize(200);
    } finally {
      events.forEach(EventFd::close);
    }
  }

  @Test
  void doesNotReportRemovedDescriptors() throws Exception {
    try (EventFd event = EventFd.create(); Epoll epoll = Epoll.create()) {
      try (Fd shared = event.fd().duplicate()) {
        epoll.add(shared, 1);
        event.signal();
        epoll.remove(shared);
        assertThatThrownBy(() -> epoll.remove(shared)).isInstanceOfSatisfying(LinuxException.class,
            e -> assertThat(e.errno().name()).isEqualTo("ENOENT"));
      }
      event.signal();
      assertThat(takeKeys(epoll)).isEmpty();
    }
  }

  @Test
  void refusesDescriptorsWithoutPoll() throws Exception {
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
  void reportsHangUpOnce() throws Exception {
    Descriptors.Pipe pipe = Descriptors.pipe();
    try (Fd reader = pipe.reader(); Epoll epoll = Epoll.create()) {
      epoll.add(reader, 3);
      pipe.writer().close();
      assertThat(takeKeys(epoll)).containsExactly(3);
      assertThat(takeKeys(epoll)).isEmpty();
    }
  }

  @Test
  void closesTwiceAndLeavesDescriptorsOpen() throws Throwable {
    assertNoLeaks(() -> {
      try (EventFd event = EventFd.create()) {
        Epoll epoll = Epoll.create();
        epoll.add(event.fd(), 1);
        epoll.close();
        epoll.close();
        event.signal();
        assertThatThrownBy(epoll::poll).isInstanceOfSatisfying(LinuxException.class,
            e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
      }
    });
  }
}
