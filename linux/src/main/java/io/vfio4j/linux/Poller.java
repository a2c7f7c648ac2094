// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static io.vfio4j.linux.PollFd.POLLERR;
import static io.vfio4j.linux.PollFd.POLLHUP;
import static io.vfio4j.linux.PollFd.POLLIN;
import static io.vfio4j.linux.PollFd.POLLNVAL;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Waits for any of a fixed set of descriptors, ppoll(2). For one thread at a time; no call allocates. The
 * descriptors remain their owners'.
 */
public final class Poller implements AutoCloseable {

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
