// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.irq;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.UnixSocket;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Two servers that monitor the eventfds of one connection, one after the other. */
class EventFdSetTest {

  private final AtomicInteger atFirst = new AtomicInteger();
  private final AtomicInteger atSecond = new AtomicInteger();

  @Test
  void passesOnOnlySignalsThatWereNotHandled() throws Exception {
    try (EventFd doorbell = EventFd.create();
        EventFdSet first = new EventFdSet(true);
        EventFdSet second = new EventFdSet(true)) {
      first.add(EventFd.of(doorbell.fd().duplicate()), atFirst::incrementAndGet);
      doorbell.signal();
      first.dispatch();
      second.add(EventFd.of(doorbell.fd().duplicate()), atSecond::incrementAndGet);
      second.dispatch();
      assertThat(atFirst).hasValue(1);
      assertThat(atSecond).hasValue(0);
      doorbell.signal();
      second.dispatch();
      assertThat(atSecond).hasValue(1);
    }
  }

  @Test
  void passesOnSignalThatWaits() throws Exception {
    try (EventFd doorbell = EventFd.create();
        EventFdSet first = new EventFdSet(true);
        EventFdSet second = new EventFdSet(true)) {
      first.add(EventFd.of(doorbell.fd().duplicate()), atFirst::incrementAndGet);
      doorbell.signal();
      second.add(EventFd.of(doorbell.fd().duplicate()), atSecond::incrementAndGet);
      second.dispatch();
      assertThat(atFirst).hasValue(0);
      assertThat(atSecond).hasValue(1);
    }
  }

  /** A client may send any descriptor that can be polled. */
  @Test
  void dispatchesDescriptorThatIsNotAnEventFd() throws Exception {
    UnixSocket.Pair pair = UnixSocket.pair();
    try (UnixSocket _ = pair.other(); UnixSocket one = pair.one(); EventFdSet set = new EventFdSet(true)) {
      set.add(EventFd.of(one.fd().duplicate()), atFirst::incrementAndGet);
      pair.other().shutdown();
      set.dispatch();
      assertThat(atFirst).hasValue(1);
    }
  }
}
