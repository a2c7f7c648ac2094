// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.Epoll;
import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.ErrnoException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Eventfds of a client that the device's thread hears between messages: doorbells, and those that mask and unmask INTx.
 * As long as there are none, nothing is waited for but messages.
 */
final class EventFdSet implements AutoCloseable {

  /** An eventfd that is heard, until this is closed, which closes it too. */
  final class Registration implements AutoCloseable {

    private final int key;
    private final EventFd eventFd;
    private final Runnable action;

    private Registration(int key, EventFd eventFd, Runnable action) {
      this.key = key;
      this.eventFd = eventFd;
      this.action = action;
    }

    /** Returns the eventfd, owned by this object. */
    Fd fd() {
      return eventFd.fd();
    }

    @Override
    public void close() {
      if (registrations.get(key) != this) {
        return;
      }
      registrations.set(key, null);
      count--;
      try {
        epoll().remove(eventFd.fd());
      } catch (LinuxException e) {
        throw new IllegalStateException("what was added can be removed", e);
      } finally {
        eventFd.close();
      }
    }
  }

  /** By key, null where there is none any more. */
  private final List<@Nullable Registration> registrations = new ArrayList<>();
  private int count;
  private @Nullable Epoll epoll;

  boolean isEmpty() {
    return count == 0;
  }

  /**
   * Begins to hear an eventfd.
   *
   * @param eventFd the eventfd, this object's from now on, also where this fails
   * @param action what to do when it is signalled; several signals may be heard as one
   * @throws ErrnoException if it is nothing that can be waited for, or there are too many descriptors
   */
  Registration add(EventFd eventFd, Runnable action) throws ErrnoException {
    try {
      if (epoll == null) {
        epoll = Epoll.create();
      }
      int free = registrations.indexOf(null);
      int key = free >= 0 ? free : registrations.size();
      epoll.add(eventFd.fd(), key);
      Registration signal = new Registration(key, eventFd, action);
      if (free >= 0) {
        registrations.set(key, signal);
      } else {
        registrations.add(signal);
      }
      count++;
      return signal;
    } catch (LinuxException e) {
      eventFd.close();
      throw new ErrnoException(e.errno(), "an eventfd cannot be waited for: " + e.getMessage());
    }
  }

  private Epoll epoll() {
    return Objects.requireNonNull(epoll, "nothing was ever added");
  }

  /** Returns what is readable when there is something to hear. Only while this is not empty. */
  Fd pollFd() {
    return epoll().fd();
  }

  /** Does what was signalled since. Only while this is not empty. */
  void dispatch() throws LinuxException {
    int heard = epoll().poll();
    for (int i = 0; i < heard; i++) {
      Registration signal = registrations.get(epoll().key(i));
      // One that was heard before it may have removed it.
      if (signal != null) {
        signal.action.run();
      }
    }
  }

  @Override
  public void close() {
    for (Registration signal : List.copyOf(registrations.stream().filter(Objects::nonNull).toList())) {
      signal.close();
    }
    if (epoll != null) {
      epoll.close();
      epoll = null;
    }
  }
}
