// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory mapped by mmap(2), which is unmapped when its arena closes.
 *
 * <p>
 * Linux maps beyond the end of a file without an error. Accessing such a page, or one that another process
 * has truncated since, is an {@link InternalError} in Java and EFAULT in a system call: compare with {@link
 * Fd#size()} first, and for the file of a peer rely on {@link Memfd#isSealedAgainstShrinking} or handle the
 * error.
 */
public final class MemoryMap {

  private static final int PROT_READ = 0x1;
  private static final int PROT_WRITE = 0x2;

  private static final int MAP_SHARED = 0x1;
  private static final int MAP_PRIVATE = 0x2;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_NORESERVE = 0x4000;

  private static final int MADV_DONTNEED = 4;
  private static final int MADV_REMOVE = 9;
  private static final int MADV_POPULATE_WRITE = 23;

  private static final int NO_FD = -1;

  private MemoryMap() {}

  /**
   * Maps a range of a file, shared with all processes that map it. The kernel maps whole pages, huge ones for
   * a file of hugetlbfs; the range may begin and end within a page.
   *
   * @param offset offset of the range, in bytes
   * @param length length in bytes, more than 0
   * @param writable false for a read-only segment
   * @param arena unmaps the memory when it closes
   * @throws LinuxException EINVAL for an offset or length out of range; EOVERFLOW if their sum is; EACCES if
   *     the descriptor is not open for this access; ENODEV if the file cannot be mapped; ENOMEM
   */
  public static MemorySegment shared(Fd fd, long offset, long length, boolean writable, Arena arena)
      throws LinuxException {
    checkRange(fd.name(), offset, length);
    return shared(fd, FileStatus.of(fd), offset, length, writable, arena);
  }

  /**
   * Maps a range of a file whose status is known, shared with all processes that map it.
   *
   * @param status the result of {@link FileStatus#of}
   * @param offset offset of the range, in bytes
   * @param length length in bytes, more than 0
   * @param writable false for a read-only segment
   * @param arena unmaps the memory when it closes
   * @throws LinuxException as without the status
   */
  public static MemorySegment shared(Fd fd, FileStatus status, long offset, long length, boolean writable,
      Arena arena) throws LinuxException {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    MemorySegment mapped = mapFile(fd, status, offset, length, protection, MAP_SHARED, arena);
    return writable ? mapped : mapped.asReadOnly();
  }

  /**
   * Maps a range of a file copy-on-write: a page is copied when it is first written, and writes are not
   * visible elsewhere. Pages that were never written reflect the file.
   *
   * @param offset offset of the range, in bytes; as for {@link #shared}, anywhere within a page
   * @param length length in bytes, more than 0
   * @throws LinuxException as {@link #shared}
   */
  public static MemorySegment copyOnWrite(Fd fd, long offset, long length, Arena arena)
      throws LinuxException {
    checkRange(fd.name(), offset, length);
    return mapFile(fd, FileStatus.of(fd), offset, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE,
        arena);
  }

  /**
   * Maps anonymous memory of zeros. Only pages that are written use memory.
   *
   * @param length length in bytes, more than 0
   * @throws LinuxException EINVAL for a length out of range, ENOMEM
   */
  public static MemorySegment anonymous(long length, Arena arena) throws LinuxException {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    return map("anonymous memory", NO_FD, 0, length, PROT_READ | PROT_WRITE, flags, arena);
  }

  /**
   * Discards pages, madvise(2) with MADV_DONTNEED: a private mapping reflects the file again, an anonymous
   * one contains zeros; a shared mapping loses nothing.
   *
   * @param mapped memory of this class, or whole pages of it
   * @throws LinuxException EINVAL if it does not begin at a page boundary
   */
  public static void discard(MemorySegment mapped) throws LinuxException {
    LinuxException.check(MemoryCalls.madvise(mapped, mapped.byteSize(), MADV_DONTNEED), "madvise",
        "mapping at 0x" + Long.toHexString(mapped.address()));
  }

  /**
   * Frees the pages of a file in memory, madvise(2) with MADV_REMOVE: all mappings of it then contain zeros
   * there.
   *
   * @param mapped a shared, writable mapping of this class, or whole pages of it
   * @throws LinuxException EINVAL if it does not begin at a page boundary; EACCES if the mapping is not
   *     shared and writable; EOPNOTSUPP if the file system cannot
   */
  public static void punchHole(MemorySegment mapped) throws LinuxException {
    LinuxException.check(MemoryCalls.madvise(mapped, mapped.byteSize(), MADV_REMOVE), "madvise",
        "mapping at 0x" + Long.toHexString(mapped.address()));
  }

  /**
   * Populates pages for writing, madvise(2) with MADV_POPULATE_WRITE, like a write to each, but without
   * changing their contents, even if other threads write to them.
   *
   * @param mapped memory of this class, or whole pages of it
   * @throws LinuxException EINVAL if it does not begin at a page boundary, or the kernel is older than 5.14;
   *     EFAULT or ENOMEM if pages cannot be allocated
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
    } catch (Throwable t) { // the arena is closed, or confined to another thread
      unmap(unowned);
      throw t;
    }
  }

  /** Refuses negative numbers, which the kernel would interpret as unsigned. */
  private static void checkRange(String name, long offset, long length) throws LinuxException {
    if (offset < 0 || length <= 0) {
      throw new LinuxException("mmap", name, Errno.EINVAL);
    }
    if (Long.MAX_VALUE - offset < length) {
      throw new LinuxException("mmap", name, Errno.EOVERFLOW);
    }
  }

  /**
   * Unmaps memory. The only possible error is ENOMEM: the kernel would have to split a mapping, and the
   * process is at its limit of mappings.
   */
  private static void unmap(MemorySegment mapped) {
    int result = MemoryCalls.munmap(mapped, mapped.byteSize());
    if (result < 0) {
      throw new IllegalStateException("munmap of %d bytes at 0x%x failed: %s; they remain mapped"
          .formatted(mapped.byteSize(), mapped.address(), new Errno(-result)));
    }
  }
}
