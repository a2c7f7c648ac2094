// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;

/** Files that live in memory and can be passed to another process, memfd_create(2). */
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
   * Makes a file of zeros that may be sealed.
   *
   * @param name for {@code /proc/self/fd} and for messages; at most 249 bytes, need not be unique
   * @param size in bytes
   * @throws LinuxException EINVAL for a negative size or too long a name, EMFILE, ENOMEM
   */
  public static Fd create(String name, long size) throws LinuxException {
    return create(name, size, 0);
  }

  /**
   * Makes a file of zeros in huge pages. They are taken from the system's pool when the file is mapped.
   *
   * @param name as for {@link #create}
   * @param size in bytes, a multiple of the page's
   * @param pageSize bytes of a huge page, a power of two that the machine has
   * @throws LinuxException ENODEV if it has no such pages, EINVAL for a size that is not whole pages, others as there
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
   * Fixes the size for good, fcntl(2) with F_ADD_SEALS: whoever maps the file can then rely on its pages.
   *
   * @throws LinuxException EINVAL if it is not a file with seals, EPERM if it has F_SEAL_SEAL
   */
  public static void seal(Fd fd) throws LinuxException {
    addSeals(fd, F_SEAL_SHRINK | F_SEAL_GROW);
  }

  /**
   * Fixes size and content for good.
   *
   * @throws LinuxException as {@link #seal}; EBUSY while it is mapped to be written
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
   * Returns whether nobody can shorten the file; false for files that know no seals.
   *
   * @throws IllegalStateException if the descriptor is closed
   */
  public static boolean isSealedAgainstShrinking(Fd fd) {
    if (!fd.tryAcquire()) {
      throw new IllegalStateException(fd.name() + " is closed");
    }
    try {
      // An open descriptor leaves EINVAL as the only error: no seals.
      int seals = FileCalls.fcntl(fd.acquiredNumber(), F_GET_SEALS, 0);
      return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
    } finally {
      fd.release();
    }
  }

  /**
   * Cuts the file, or lengthens it with zeros, ftruncate(2).
   *
   * @param size in bytes
   * @throws LinuxException EPERM if a seal forbids it, EINVAL for a negative size or what is not a file
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
