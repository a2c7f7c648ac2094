// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file descriptor and its ownership. Thread-safe.
 *
 * <p>
 * States: <i>open</i>, with the number of calls that use the descriptor; <i>closing</i>, after {@link
 * #close()} while such calls remain; <i>closed</i>. close returns at once; in <i>closing</i>, the last call
 * closes the descriptor, so that the kernel cannot assign its number to another file while a call uses it.
 * close does not wake a blocked call.
 */
public final class Fd implements AutoCloseable {

  private static final int F_DUPFD_QUERY = 1027;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x8_0000;
  private static final int F_DUPFD_CLOEXEC = 1030;

  private static final int CLOSED = 1 << 31;

  private final int number;
  private final String name;

  /** The number of calls that use the descriptor now, and the flag {@link #CLOSED}. */
  private final AtomicInteger users = new AtomicInteger();

  private Fd(int number, String name) {
    this.number = number;
    this.name = name;
  }

  /**
   * Opens an existing file for reading and writing, open(2) with O_RDWR and O_CLOEXEC.
   *
   * @throws LinuxException ENOENT if there is none, EACCES, EISDIR, and other errors of open(2)
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
   * @param name its name in messages
   */
  static Fd adopt(int number, String name) {
    return new Fd(number, name);
  }

  /**
   * Returns the descriptor, still owned by this object. After {@link #close()} it may refer to another file.
   *
   * @throws IllegalStateException if it is closed
   */
  public int number() {
    if (!isOpen()) {
      throw new IllegalStateException(name + " is closed");
    }
    return number;
  }

  /** Returns the name in messages, as in {@code /run/x.sock}. */
  public String name() {
    return name;
  }

  /** Returns whether {@link #close()} has not been called. */
  public boolean isOpen() {
    return users.get() >= 0;
  }

  /**
   * Duplicates the descriptor, fcntl(2) with F_DUPFD_CLOEXEC.
   *
   * @throws LinuxException EMFILE at the process's limit, EBADF if this descriptor is closed
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
   * Returns the size of the file in bytes, statx(2); 0 for files without a size, such as sockets.
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
   * Returns whether both descriptors refer to the same open file description, fcntl(2) with F_DUPFD_QUERY;
   * false also if the kernel cannot tell (before Linux 6.10).
   *
   * @throws LinuxException EBADF if one of the descriptors is closed
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
   * Begins a call that uses the descriptor; {@link #release()} must follow.
   *
   * @throws LinuxException EBADF if it is closed
   */
  int acquire(String function) throws LinuxException {
    if (!tryAcquire()) {
      throw new LinuxException(function, name, Errno.EBADF);
    }
    return number;
  }

  /** Begins a call that uses the descriptor, if it is open; {@link #release()} must follow then. */
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

  /** Returns the descriptor, between {@link #acquire} and {@link #release()}. */
  int acquiredNumber() {
    return number;
  }

  /** Ends a call that used the descriptor. */
  void release() {
    if (users.decrementAndGet() == CLOSED) {
      closeNow();
    }
  }

  /**
   * Closes the descriptor: now, or when the last call that uses it ends. Further calls do nothing.
   *
   * @throws IllegalStateException EBADF: the descriptor was closed by code that did not own it
   */
  @Override
  public void close() {
    if (users.getAndUpdate(now -> now | CLOSED) == 0) {
      closeNow();
    }
  }

  /**
   * Closes the descriptor. Errors other than EBADF concern earlier writes to a file system, which this
   * project does not make.
   */
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
