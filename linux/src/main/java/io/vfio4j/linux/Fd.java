// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One file descriptor and the duty to close it.
 *
 * <p>
 * Safe for use by several threads. The number is not given back to the kernel, which would use it again
 * for another file, before every call of this package that began with it has ended: {@link #close()} then
 * returns at once, and the last of these calls closes. It does not wake a call that blocks.
 */
public final class Fd implements AutoCloseable {

  private static final int F_DUPFD_QUERY = 1027;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x8_0000;
  private static final int F_DUPFD_CLOEXEC = 1030;

  private static final int CLOSED = 1 << 31;

  private final int number;
  private final String name;

  /** How many calls use the number now, and {@link #CLOSED}. */
  private final AtomicInteger users = new AtomicInteger();

  private Fd(int number, String name) {
    this.number = number;
    this.name = name;
  }

  /**
   * Opens a file that exists to be read and written, open(2) with O_RDWR and O_CLOEXEC.
   *
   * @throws LinuxException ENOENT if there is none, EACCES, EISDIR, and what else open(2) answers
   */
  public static Fd open(Path path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      int number = FileCalls.open(arena.allocateFrom(path.toString()), O_RDWR | O_CLOEXEC);
      return adopt(LinuxException.check(number, "open", path.toString()), path.toString());
    }
  }

  /**
   * Takes ownership of a descriptor.
   *
   * @param name what messages call it
   */
  static Fd adopt(int number, String name) {
    return new Fd(number, name);
  }

  /**
   * Returns the descriptor. It stays this object's, and means another file after {@link #close()}.
   *
   * @throws IllegalStateException if it is closed
   */
  public int number() {
    if (!isOpen()) {
      throw new IllegalStateException(name + " is closed");
    }
    return number;
  }

  /** Returns what messages call it, as in {@code /run/x.sock}. */
  public String name() {
    return name;
  }

  /** Returns whether nobody has closed it. */
  public boolean isOpen() {
    return users.get() >= 0;
  }

  /**
   * Makes another descriptor of the same open file, fcntl(2) with F_DUPFD_CLOEXEC.
   *
   * @throws LinuxException EMFILE at the process's limit, EBADF if this one is closed
   */
  public Fd duplicate() throws LinuxException {
    int fd = acquire("fcntl");
    try {
      return adopt(LinuxException.check(FileCalls.fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl", name), name);
    } finally {
      release();
    }
  }

  /**
   * Returns the size of the file in bytes, statx(2); 0 for what has none, such as sockets.
   *
   * @throws LinuxException EBADF if this descriptor is closed
   */
  public long size() throws LinuxException {
    int fd = acquire("statx");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = arena.allocate(Statx.SIZE, Long.BYTES);
      LinuxException.check(
          FileCalls.statx(fd, arena.allocateFrom(""), Statx.AT_EMPTY_PATH, Statx.STATX_SIZE, statx), "statx",
          name);
      return Statx.size(statx);
    } finally {
      release();
    }
  }

  /**
   * Returns whether this and another descriptor are of one open file, as duplicates are, fcntl(2) with F_DUPFD_QUERY;
   * false also where the kernel does not say (before Linux 6.10).
   *
   * @throws LinuxException EBADF if this descriptor is closed or the other one is
   */
  public boolean isSameOpenFile(Fd other) throws LinuxException {
    int fd = acquire("fcntl");
    try {
      int second = other.acquire("fcntl");
      try {
        return FileCalls.fcntl(fd, F_DUPFD_QUERY, second) == 1;
      } finally {
        other.release();
      }
    } finally {
      release();
    }
  }

  /**
   * Begins a call that uses the number; {@link #release()} must follow.
   *
   * @throws LinuxException EBADF if it is closed
   */
  int acquire(String function) throws LinuxException {
    if (!tryAcquire()) {
      throw new LinuxException(function, name, Errno.EBADF);
    }
    return number;
  }

  /** Begins a call that uses the number, if that is still open; {@link #release()} must follow then. */
  boolean tryAcquire() {
    for (;;) {
      int now = users.get();
      if (now < 0) {
        return false;
      }
      if (users.compareAndSet(now, now + 1)) {
        return true;
      }
    }
  }

  /** Returns the number, between {@link #acquire} and {@link #release()}. */
  int acquiredNumber() {
    return number;
  }

  /** Ends a call that used the number. */
  void release() {
    if (users.decrementAndGet() == CLOSED) {
      closeNow();
    }
  }

  /**
   * Closes the descriptor, once: now, or as soon as no call uses it.
   *
   * @throws IllegalStateException if it is the kernel's already: something else closed a number it did not
   *     own
   */
  @Override
  public void close() {
    if (users.getAndUpdate(now -> now | CLOSED) == 0) {
      closeNow();
    }
  }

  /** Other errors than EBADF tell of earlier writes to a file system; nothing here writes to one. */
  private void closeNow() {
    if (FileCalls.close(number) == -Errno.EBADF.number()) {
      throw new IllegalStateException(this + " was closed by something that did not own it");
    }
  }

  /** Returns name and number, as in {@code /run/x.sock (fd 7)}. */
  @Override
  public String toString() {
    return name + " (fd " + number + ")";
  }
}
