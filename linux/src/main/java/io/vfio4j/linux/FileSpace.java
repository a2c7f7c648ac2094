// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * The allocated part of a file, and the space left on its file system: accessing a page of a mapped file that
 * is not allocated and cannot be raises SIGBUS.
 *
 * @param fileSystem a number that is equal for all files of one file system
 * @param inode the inode number of the file
 * @param allocated bytes allocated; for a sparse file fewer than its size
 * @param available bytes that an unprivileged user can still allocate on the file system; empty if it does
 *     not say
 */
public record FileSpace(long fileSystem, long inode, long allocated, OptionalLong available) {

  private static final int MASK = Statx.STATX_TYPE | Statx.STATX_INO | Statx.STATX_BLOCKS;

  /**
   * Queries a file, statx(2) and statvfs(3), following symbolic links.
   *
   * @throws LinuxException ENOENT if there is none, EACCES if it cannot be accessed
   */
  public static FileSpace of(Path path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path.toString());
      MemorySegment statx = arena.allocate(Statx.SIZE, Long.BYTES);
      LinuxException.check(FileCalls.statx(Statx.AT_FDCWD, name, 0, MASK, statx), "statx", path.toString());
      MemorySegment statvfs = arena.allocate(Statvfs.SIZE, Long.BYTES);
      LinuxException.check(FileCalls.statvfs(name, statvfs), "statvfs", path.toString());
      FileId id = Statx.fileId(statx);
      return new FileSpace(
          id.device(), id.inode(), Statx.allocated(statx), Statvfs.available(statvfs));
    }
  }

  /** Returns whether both are the same file, with any allocation. */
  public boolean isSameFile(FileSpace other) {
    return fileSystem == other.fileSystem && inode == other.inode;
  }
}
