// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;

/** Files in memory that can be passed to other processes, memfd_create(2). */
public final class Memfd {

  private static final int MFD_CLOEXEC = 0x1;
  private static final int MFD_ALLOW_SEALING = 0x2;
  private static final int MFD_HUGETLB = 0x4;
  private static final int MFD_HUGE_SHIFT = 26;

  private static final int F_ADD_SEALS = 1033;
  private static final int F_GET_SEALS = 1034;
  private static final int F_SEAL_SHRINK = 0x2;
  private static final int F_SEAL_GROW = 0x4;
  private static final int F_SEAL_WRITE = 0x8;

  private Memfd() {}

  /**
   * Creates a file of zeros that can be sealed.
   *
   * @param name its name in {@code /proc/self/fd} and in messages; at most 249 bytes, need not be unique
   * @param size size in bytes
   * @throws LinuxException EINVAL for a negative size or a name that is too long, EMFILE, ENOMEM
   */
  public static Fd create(String name, long size) throws LinuxException {
    return create(name, size, 0);
  }

  /**
   * Creates a file of zeros in huge pages. They are taken from the system's pool when the file is mapped.
   *
   * @param name as for {@link #create}
   * @param size size in bytes, a multiple of the page size
   * @param pageSize size of a huge page in bytes, a power of two that the machine supports
   * @throws LinuxException ENODEV if the machine has no such pages, EINVAL for a size that is not a multiple
   *     of the page size, others as for {@link #create}
   */
  public static Fd createHuge(String name, long size, long pageSize) throws LinuxException {
    return create(name, size, MFD_HUGETLB | Long.numberOfTrailingZeros(pageSize) << MFD_HUGE_SHIFT);
  }

  private static Fd create(String name, long size, int flags) throws LinuxException {
    Fd fd;
    try (Arena arena = Arena.ofConfined()) {
      int number =
          FileCalls.memfdCreate(arena.allocateFrom(name), MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
      fd = Fd.adopt(LinuxException.check(number, "memfd_create", name), name);
    }
    try {
      resize(fd, size);
      return fd;
    } catch (Throwable t) {
      fd.close();
      throw t;
    }
  }

  /**
   * Seals the file against any change of its size, fcntl(2) with F_ADD_SEALS, so that processes that map it
   * can rely on its pages.
   *
   * @throws LinuxException EINVAL if the file does not support seals, EPERM if it has F_SEAL_SEAL
   */
  public static void seal(Fd fd) throws LinuxException {
    addSeals(fd, F_SEAL_SHRINK | F_SEAL_GROW);
  }

  /**
   * Seals the file against any change of its size and its contents.
   *
   * @throws LinuxException as {@link #seal}; EBUSY while it is mapped writable
   */
  public static void sealContent(Fd fd) throws LinuxException {
    addSeals(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  }

  private static void addSeals(Fd fd, int seals) throws LinuxException {
    int number = fd.acquire("fcntl");
    try {
      LinuxException.check(FileCalls.fcntl(number, F_ADD_SEALS, seals), "fcntl", fd.name());
    } finally {
      fd.release();
    }
  }

  /**
   * Returns whether the file is sealed against truncation; false for files that do not support seals.
   *
   * @throws IllegalStateException if the descriptor is closed
   */
  public static boolean isSealedAgainstShrinking(Fd fd) {
    return hasSeals(fd, F_SEAL_SHRINK);
  }

  /**
   * Returns whether the file is sealed against any change of its size; false for files that do not support
   * seals.
   *
   * @throws IllegalStateException if the descriptor is closed
   */
  public static boolean isSealedAgainstResizing(Fd fd) {
    return hasSeals(fd, F_SEAL_SHRINK | F_SEAL_GROW);
  }

  private static boolean hasSeals(Fd fd, int wanted) {
    if (!fd.tryAcquire()) {
      throw new IllegalStateException(fd.name() + " is closed");
    }
    try {
      // For an open descriptor, the only error is EINVAL: no seals.
      int seals = FileCalls.fcntl(fd.acquiredNumber(), F_GET_SEALS, 0);
      return seals >= 0 && (seals & wanted) == wanted;
    } finally {
      fd.release();
    }
  }

  /**
   * Truncates the file, or extends it with zeros, ftruncate(2).
   *
   * @param size size in bytes
   * @throws LinuxException EPERM if a seal forbids it, EINVAL for a negative size or if it is not a regular
   *     file
   */
  public static void resize(Fd fd, long size) throws LinuxException {
    int number = fd.acquire("ftruncate");
    try {
      int result;
      do {
        result = FileCalls.ftruncate(number, size);
      } while (result == -Errno.EINTR.number());
      LinuxException.check(result, "ftruncate", fd.name());
    } finally {
      fd.release();
    }
  }
}
