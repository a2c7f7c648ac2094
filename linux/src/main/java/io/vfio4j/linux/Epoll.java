// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Tells which of any number of descriptors have been signalled since it was last asked, epoll(7), edge-triggered. Made
 * for eventfds: each {@link EventFd#signal()} is told, several since as one, and the counter is never read. So a peer
 * that shares an eventfd can empty it or set it to block, and blocks nobody. For one thread.
 *
 * <p>
 * The descriptors remain their owners'. One must be {@linkplain #remove removed} before its owner closes it: as long as
 * a peer holds the same file open, the kernel goes on telling of it.
 */
public final class Epoll implements AutoCloseable {

  private static final int EPOLL_CLOEXEC = 0x80000;
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_CTL_DEL = 2;

  /** What one call tells at the most; what is left is told by the next. */
  private static final int MAX_EVENTS = 64;

  private final Fd fd;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment events = arena.allocate(EpollEvent.SIZE * MAX_EVENTS, Long.BYTES);
  private final MemorySegment added = arena.allocate(EpollEvent.SIZE, Long.BYTES);

  private Epoll(Fd fd) {
    this.fd = fd;
  }

  /**
   * Makes one that knows no descriptors.
   *
   * @throws LinuxException EMFILE at the process's limit
   */
  public static Epoll create() throws LinuxException {
    int number = LinuxException.check(EpollCalls.create(EPOLL_CLOEXEC), "epoll_create1", "a new epoll");
    return new Epoll(Fd.adopt(number, "epoll"));
  }

  /** Returns a descriptor that is readable as long as there is something to tell; owned by this object. */
  public Fd fd() {
    return fd;
  }

  /**
   * Begins to tell of a descriptor. If it is readable already, that is told too.
   *
   * @param key what it is called
   * @throws LinuxException EPERM if it is nothing that can be waited for, EEXIST if it is known already
   */
  public void add(Fd told, int key) throws LinuxException {
    EpollEvent.set(added, EpollEvent.EPOLLIN | EpollEvent.EPOLLET, key);
    control(EPOLL_CTL_ADD, told);
  }

  /**
   * Tells of a descriptor no more.
   *
   * @throws LinuxException ENOENT if it was not known
   */
  public void remove(Fd told) throws LinuxException {
    control(EPOLL_CTL_DEL, told);
  }

  private void control(int operation, Fd told) throws LinuxException {
    int epoll = fd.acquire("epoll_ctl");
    try {
      int number = told.acquire("epoll_ctl");
      try {
        LinuxException.check(EpollCalls.control(epoll, operation, number, added), "epoll_ctl", told.name());
      } finally {
        told.release();
      }
    } finally {
      fd.release();
    }
  }

  /**
   * Takes what there is to tell, without waiting.
   *
   * @return how many descriptors were signalled, or hung up; their keys are had by {@link #key}
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
   * Returns the key of a descriptor that {@link #poll} told of.
   *
   * @param index from 0 to less than what that returned
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
