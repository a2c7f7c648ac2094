// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory from mmap(2), which is unmapped when the arena that was given closes.
 *
 * <p>
 * Linux maps beyond the end of a file without complaint. To touch such a page, or one that another
 * process has cut off since, is an {@link InternalError} in Java and EFAULT in a system call: compare with
 * {@link Fd#size()} first, and where the file is a peer's rely on {@link Memfd#isSealedAgainstShrinking} or
 * expect the error.
 */
public final class MemoryMap {

  private static final int PROT_READ = 0x1;
  private static final int PROT_WRITE = 0x2;

  private static final int MAP_SHARED = 0x1;
  private static final int MAP_PRIVATE = 0x2;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_NORESERVE = 0x4000;

  private static final int MADV_DONTNEED = 4;
  private static final int MADV_POPULATE_WRITE = 23;

  private static final int NO_FD = -1;

  private MemoryMap() {}

  /**
   * Maps a part of a file, shared with all who map it. The kernel maps whole pages, huge ones for a file of hugetlbfs;
   * the part may begin and end within one.
   *
   * @param offset where the part begins, bytes
   * @param length in bytes, more than 0
   * @param writable false for a segment that only reads
   * @throws LinuxException EINVAL for an offset or length out of range; EOVERFLOW if their sum is; EACCES if
   *     the file is not open for this; ENODEV if it has no mappings; ENOMEM
   */
  public static MemorySegment shared(Fd fd, long offset, long length, boolean writable, Arena arena)
      throws LinuxException {
    checkRange(fd.name(), offset, length);
    return shared(fd, FileStatus.of(fd), offset, length, writable, arena);
  }

  /**
   * Maps a part of a file that was looked at before, shared with all who map it.
   *
   * @param status what {@link FileStatus#of} said of it
   * @param offset where the part begins, bytes
   * @param length in bytes, more than 0
   * @param writable false for a segment that only reads
   * @throws LinuxException as without the status
   */
  public static MemorySegment shared(Fd fd, FileStatus status, long offset, long length, boolean writable,
      Arena arena) throws LinuxException {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    MemorySegment mapped = mapFile(fd, status, offset, length, protection, MAP_SHARED, arena);
    return writable ? mapped : mapped.asReadOnly();
  }

  /**
   * Maps a part of a file so that writes stay here: a page is copied when it is first written. Pages never
   * written follow the file.
   *
   * @param offset where the part begins, bytes; as for {@link #shared}, anywhere within a page
   * @param length in bytes, more than 0
   * @throws LinuxException as {@link #shared}
   */
  public static MemorySegment copyOnWrite(Fd fd, long offset, long length, Arena arena)
      throws LinuxException {
    checkRange(fd.name(), offset, length);
    return mapFile(fd, FileStatus.of(fd), offset, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
        arena);
  }

  /**
   * Maps zeros. Only pages that are written take memory.
   *
   * @param length in bytes, more than 0
   * @throws LinuxException EINVAL for a length out of range, ENOMEM
   */
  public static MemorySegment anonymous(long length, Arena arena) throws LinuxException {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    return map("anonymous memory", NO_FD, 0, length, PROT_READ | PROT_WRITE, flags, arena);
  }

  /**
   * Gives pages back, madvise(2) with MADV_DONTNEED: a private mapping shows the file again, an anonymous
   * one zeros; a shared one loses nothing.
   *
   * @param mapped memory of this class, or whole pages of it
   * @throws LinuxException EINVAL if it does not begin at a page
   */
  public static void discard(MemorySegment mapped) throws LinuxException {
    LinuxException.check(MemoryCalls.madvise(mapped, mapped.byteSize(), MADV_DONTNEED), "madvise",
        "mapping at 0x" + Long.toHexString(mapped.address()));
  }

  /**
   * Makes pages present for writing, madvise(2) with MADV_POPULATE_WRITE, as a write to each would, but without changing
   * what they hold, whoever writes to them meanwhile.
   *
   * @param mapped memory of this class, or whole pages of it
   * @throws LinuxException EINVAL if it does not begin at a page, or the kernel is older than 5.14; EFAULT or ENOMEM if
   *     pages cannot be had
   */
  public static void populate(MemorySegment mapped) throws LinuxException {
    LinuxException.check(MemoryCalls.madvise(mapped, mapped.byteSize(), MADV_POPULATE_WRITE), "madvise",
        "mapping at 0x" + Long.toHexString(mapped.address()));
  }

  private static MemorySegment mapFile(Fd fd, FileStatus status, long offset, long length, int protection,
      int flags, Arena arena) throws LinuxException {
    checkRange(fd.name(), offset, length);
    PageRange pages = PageRange.covering(offset, length, status.mappingUnit())
        .orElseThrow(() -> new LinuxException("mmap", fd.name(), Errno.EOVERFLOW));
    int number = fd.acquire("mmap");
    try {
      return map(fd.name(), number, pages.offset(), pages.length(), protection, flags, arena)
          .asSlice(offset - pages.offset(), length);
    } finally {
      fd.release();
    }
  }

  private static MemorySegment map(String name, int fd, long offset, long length, int protection, int flags,
      Arena arena) throws LinuxException {
    checkRange(name, offset, length);
    long address = MemoryCalls.mmap(MemorySegment.NULL, length, protection, flags, fd, offset);
    MemorySegment unowned =
        MemorySegment.ofAddress(LinuxException.check(address, "mmap", name)).reinterpret(length);
    try {
      return unowned.reinterpret(arena, MemoryMap::unmap);
    } catch (Throwable t) { // the arena is closed, or another thread's
      unmap(unowned);
      throw t;
    }
  }

  /** The kernel would take negative numbers for huge ones. */
  private static void checkRange(String name, long offset, long length) throws LinuxException {
    if (offset < 0 || length <= 0) {
      throw new LinuxException("mmap", name, Errno.EINVAL);
    }
    if (Long.MAX_VALUE - offset < length) {
      throw new LinuxException("mmap", name, Errno.EOVERFLOW);
    }
  }

  /** ENOMEM is left where the kernel would have to split a mapping, and the process has as many as it may have. */
  private static void unmap(MemorySegment mapped) {
    int result = MemoryCalls.munmap(mapped, mapped.byteSize());
    if (result < 0) {
      throw new IllegalStateException("munmap of %d bytes at 0x%x: %s; they stay mapped"
          .formatted(mapped.byteSize(), mapped.address(), new Errno(-result)));
    }
  }
}
