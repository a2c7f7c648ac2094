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
 * Waits for any of a fixed set of descriptors, ppoll(2). For one thread at a time; calls do not allocate. The
 * descriptors remain owned by the caller.
 */
public final class Poller implements AutoCloseable {

  /** There are bytes to read, or the end of the stream. */
  public static final int READABLE = 1;
  /** A write would not block, or would return an error. */
  public static final int WRITABLE = 2;

  private final Fd[] fds;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment pollFds;
  private final MemorySegment timespec;

  /**
   * Creates a poller.
   *
   * @param fds 1 to 64 descriptors
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
   * @param timeoutNanos the timeout in nanoseconds; negative for none
   * @return a mask with bit i set for each such {@code fds[i]}; 0 at the timeout
   * @throws LinuxException EBADF if one is closed
   */
  public long await(long timeoutNanos) throws LinuxException {
    return await(timeoutNanos, false);
  }

  /**
   * Waits as {@link #await}, but returns 0 early if a signal interrupts the call ({@link ThreadSignal}).
   *
   * @throws LinuxException EBADF if a descriptor is closed
   */
  public long awaitInterruptibly(long timeoutNanos) throws LinuxException {
    return await(timeoutNanos, true);
  }

  private long await(long timeoutNanos, boolean isInterruptible) throws LinuxException {
    int acquired = 0;
    try {
      while (acquired < fds.length) {
        PollFd.set(pollFds, acquired, fds[acquired].acquire("ppoll"), POLLIN);
        acquired++;
      }
      int result = isInterruptible
          ? Ppoll.awaitInterruptibly(pollFds, fds.length, timespec, timeoutNanos)
          : Ppoll.await(pollFds, fds.length, timespec, timeoutNanos);
      return LinuxException.check(result, "ppoll", fds[0].name()) == 0 ? 0 : ready();
    } finally {
      while (acquired > 0) {
        fds[--acquired].release();
      }
    }
  }

  /**
   * Waits until the first descriptor is writable or, optionally, readable. A descriptor that has hung up or
   * is in error is both.
   *
   * @param orReadable whether to wait for bytes to read as well
   * @param timeoutNanos the timeout in nanoseconds; negative for none
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
   * Frees the memory of the poller. The descriptors remain open.
   *
   * @throws IllegalStateException if a thread is waiting
   */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
