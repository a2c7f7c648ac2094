// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.irq;

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
 * The eventfds that the device's thread monitors between messages: doorbells, and those that mask and unmask
 * INTx. While there are none, the thread waits for messages only.
 *
 * <p>
 * The counters are not read, which costs nothing, unless another server may continue the connection: it monitors
 * the same eventfds, and would see signals that were handled here.
 */
public final class EventFdSet implements AutoCloseable {

  /** A monitored eventfd. Closing it stops monitoring and closes the eventfd. */
  public final class Registration implements AutoCloseable {

    private final int key;
    private final EventFd eventFd;
    private final Runnable action;

    private Registration(int key, EventFd eventFd, Runnable action) {
      this.key = key;
      this.eventFd = eventFd;
      this.action = action;
    }

    /** Returns the eventfd, which this object owns. */
    public Fd fd() {
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
        throw new IllegalStateException("epoll_ctl(EPOLL_CTL_DEL) failed", e);
      } finally {
        eventFd.close();
      }
    }
  }

  /** By key; null for a free key. */
  private final List<@Nullable Registration> registrations = new ArrayList<>();
  private final boolean readsCounters;
  private int count;
  private @Nullable Epoll epoll;

  /** Creates an empty set for a connection that ends here. */
  EventFdSet() {
    this(false);
  }

  /**
   * Creates an empty set.
   *
   * @param readsCounters whether the counter of an eventfd is set to 0 before its action runs, so that another
   *     server sees only signals that were not handled
   */
  public EventFdSet(boolean readsCounters) {
    this.readsCounters = readsCounters;
  }

  public boolean isEmpty() {
    return count == 0;
  }

  /**
   * Monitors an eventfd.
   *
   * @param eventFd the eventfd, which this object then owns, even if the call fails
   * @param action the action on a signal; several signals may cause one action
   * @throws ErrnoException if it cannot be polled, or there are too many descriptors
   */
  public Registration add(EventFd eventFd, Runnable action) throws ErrnoException {
    try {
      if (epoll == null) {
        epoll = Epoll.create();
      }
      int free = registrations.indexOf(null);
      int key = free >= 0 ? free : registrations.size();
      epoll.add(eventFd.fd(), key);
      Registration registration = new Registration(key, eventFd, action);
      if (free >= 0) {
        registrations.set(key, registration);
      } else {
        registrations.add(registration);
      }
      count++;
      return registration;
    } catch (LinuxException e) {
      eventFd.close();
      throw new ErrnoException(e.errno(), "the eventfd cannot be polled: " + e.getMessage());
    }
  }

  private Epoll epoll() {
    return Objects.requireNonNull(epoll, "no eventfd was added");
  }

  /** Returns the descriptor that is readable when an eventfd was signalled. The set must not be empty. */
  public Fd pollFd() {
    return epoll().fd();
  }

  /** Runs the actions of the eventfds that were signalled. The set must not be empty. */
  public void dispatch() throws LinuxException {
    int signalled = epoll().poll();
    for (int i = 0; i < signalled; i++) {
      Registration registration = registrations.get(epoll().key(i));
      // An action before it may have removed it.
      if (registration != null) {
        if (readsCounters) {
          clear(registration.eventFd);
        }
        registration.action.run();
      }
    }
  }

  private static void clear(EventFd eventFd) {
    try {
      eventFd.drain();
    } catch (LinuxException e) {
      // The client sent another kind of file, whose readiness counts as a signal.
    }
  }

  @Override
  public void close() {
    for (Registration registration : List.copyOf(registrations.stream().filter(Objects::nonNull).toList())) {
      registration.close();
    }
    if (epoll != null) {
      epoll.close();
      epoll = null;
    }
  }
}
