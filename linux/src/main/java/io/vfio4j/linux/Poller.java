// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.PollFd.POLLERR;
import static io.vfio4j.linux.PollFd.POLLHUP;
import static io.vfio4j.linux.PollFd.POLLIN;
import static io.vfio4j.linux.PollFd.POLLNVAL;
import static io.vfio4j.linux.PollFd.POLLOUT;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Waits for any of a fixed set of descriptors, ppoll(2). For one thread at a time; no call allocates. The
 * descriptors remain their owners'.
 */
public final class Poller implements AutoCloseable {

  /** There are bytes to read, or the end of them. */
  public static final int READABLE = 1;
  /** Bytes are taken, or an error is to be had by trying. */
  public static final int WRITABLE = 2;

  private final Fd[] fds;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment pollFds;
  private final MemorySegment timespec;

  /**
   * Makes a poller.
   *
   * @param fds 1 to 64
   */
  public Poller(Fd... fds) {
    if (fds.length < 1 || fds.length > Long.SIZE) {
      throw new IllegalArgumentException("1 to 64 descriptors, not " + fds.length);
    }
    this.fds = fds.clone();
    this.pollFds = arena.allocate(PollFd.SIZE * fds.length, Integer.BYTES);
    this.timespec = arena.allocate(Timespec.SIZE, Long.BYTES);
  }

  /**
   * Waits until a descriptor is readable, hung up or in error.
   *
   * @param timeoutNanos negative to wait for ever
   * @return bit i is set for such a {@code fds[i]}; 0 at the timeout
   * @throws LinuxException EBADF if one is closed
   */
  public long await(long timeoutNanos) throws LinuxException {
    int acquired = 0;
    try {
      while (acquired < fds.length) {
        PollFd.set(pollFds, acquired, fds[acquired].acquire("ppoll"), POLLIN);
        acquired++;
      }
      int result = Ppoll.await(pollFds, fds.length, timespec, timeoutNanos);
      return LinuxException.check(result, "ppoll", fds[0].name()) == 0 ? 0 : ready();
    } finally {
      while (acquired > 0) {
        fds[--acquired].release();
      }
    }
  }

  /**
   * Waits until the first descriptor takes bytes, or, if that is wanted, has some to give. One that has hung up or
   * is in error is both.
   *
   * @param orReadable whether to wait for bytes to read as well
   * @param timeoutNanos negative to wait for ever
   * @return {@link #READABLE}, {@link #WRITABLE}, both, or 0 at the timeout
   * @throws LinuxException EBADF if it is closed
   */
  public int awaitWritable(boolean orReadable, long timeoutNanos) throws LinuxException {
    int number = fds[0].acquire("ppoll");
    try {
      PollFd.set(pollFds, 0, number, orReadable ? POLLOUT | POLLIN : POLLOUT);
      LinuxException.check(Ppoll.await(pollFds, 1, timespec, timeoutNanos), "ppoll", fds[0].name());
      int events = PollFd.revents(pollFds, 0);
      if ((events & (POLLHUP | POLLERR)) != 0) {
        return READABLE | WRITABLE;
      }
      return ((events & POLLIN) != 0 ? READABLE : 0) | ((events & POLLOUT) != 0 ? WRITABLE : 0);
    } finally {
      fds[0].release();
    }
  }

  private long ready() throws LinuxException {
    long ready = 0;
    for (int i = 0; i < fds.length; i++) {
      int events = PollFd.revents(pollFds, i);
      if ((events & POLLNVAL) != 0) {
        throw new LinuxException("ppoll", fds[i].name(), Errno.EBADF);
      }
      if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
        ready |= 1L << i;
      }
    }
    return ready;
  }

  /**
   * Frees what the poller needs for itself. The descriptors stay open.
   *
   * @throws IllegalStateException if a thread waits now
   */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
