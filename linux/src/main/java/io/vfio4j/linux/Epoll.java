// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reports the descriptors that have been signalled since the last poll, epoll(7), edge-triggered. Intended
 * for eventfds: every {@link EventFd#signal()} is reported, several since the last poll as one, and the
 * counter is never read. So a peer that shares an eventfd can empty it or clear O_NONBLOCK without blocking
 * this process. For one thread.
 *
 * <p>
 * The descriptors remain owned by the caller. Each must be {@linkplain #remove removed} before its owner
 * closes it: while a peer has the same file open, the kernel continues to report it.
 */
public final class Epoll implements AutoCloseable {

  private static final int EPOLL_CLOEXEC = 0x80000;
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_CTL_DEL = 2;

  /** The largest number of events per call; the next call reports the rest. */
  private static final int MAX_EVENTS = 64;

  private final Fd fd;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment events = arena.allocate(EpollEvent.SIZE * MAX_EVENTS, Long.BYTES);
  private final MemorySegment added = arena.allocate(EpollEvent.SIZE, Long.BYTES);

  private Epoll(Fd fd) {
    this.fd = fd;
  }

  /**
   * Creates an epoll instance without descriptors.
   *
   * @throws LinuxException EMFILE at the process's limit
   */
  public static Epoll create() throws LinuxException {
    int number = LinuxException.check(EpollCalls.create(EPOLL_CLOEXEC), "epoll_create1", "a new epoll");
    return new Epoll(Fd.adopt(number, "epoll"));
  }

  /** Returns a descriptor that is readable while there are events; owned by this object. */
  public Fd fd() {
    return fd;
  }

  /**
   * Adds a descriptor. If it is readable already, it is reported.
   *
   * @param key identifies the descriptor in reports
   * @throws LinuxException EPERM if the file does not support epoll, EEXIST if it was added before
   */
  public void add(Fd watched, int key) throws LinuxException {
    EpollEvent.set(added, EpollEvent.EPOLLIN | EpollEvent.EPOLLET, key);
    control(EPOLL_CTL_ADD, watched);
  }

  /**
   * Removes a descriptor.
   *
   * @throws LinuxException ENOENT if it was not added
   */
  public void remove(Fd watched) throws LinuxException {
    control(EPOLL_CTL_DEL, watched);
  }

  private void control(int operation, Fd watched) throws LinuxException {
    int epoll = fd.acquire("epoll_ctl");
    try {
      int number = watched.acquire("epoll_ctl");
      try {
        LinuxException.check(EpollCalls.control(epoll, operation, number, added), "epoll_ctl",
            watched.name());
      } finally {
        watched.release();
      }
    } finally {
      fd.release();
    }
  }

  /**
   * Collects the events, without waiting.
   *
   * @return the number of descriptors that were signalled or hung up; {@link #key} returns their keys
   */
  public int poll() throws LinuxException {
    int epoll = fd.acquire("epoll_wait");
    try {
      int result;
      do {
        result = EpollCalls.await(epoll, events, MAX_EVENTS, 0);
      } while (result == -Errno.EINTR.number());
      return LinuxException.check(result, "epoll_wait", fd.name());
    } finally {
      fd.release();
    }
  }

  /**
   * Returns the key of a descriptor reported by {@link #poll}.
   *
   * @param index from 0 to less than the result of poll
   */
  public int key(int index) {
    return (int) EpollEvent.data(events, index);
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      fd.close();
      arena.close();
    }
  }
}
