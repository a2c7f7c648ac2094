// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * How much of a file is there, and how much more its file system can give: a page of a mapped file that is not there and
 * cannot be had is a SIGBUS.
 *
 * @param fileSystem a number that is equal for all files of one file system
 * @param inode the file's number in it
 * @param allocated bytes of it that are there; a sparse file has fewer than its size
 * @param available bytes that the file system still has for who is not root; empty where it does not say
 */
public record FileSpace(long fileSystem, long inode, long allocated, OptionalLong available) {

  private static final int MASK = Statx.STATX_TYPE | Statx.STATX_INO | Statx.STATX_BLOCKS;

  /**
   * Looks at a file, statx(2) and statvfs(3); symbolic links are followed.
   *
   * @throws LinuxException ENOENT if there is none, EACCES if it cannot be reached
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
          Integer.toUnsignedLong(id.deviceMajor()) << 32 | Integer.toUnsignedLong(id.deviceMinor()),
          id.inode(), Statx.allocated(statx), Statvfs.available(statvfs));
    }
  }

  /** Tells whether this is the same file as another, whatever there is of it. */
  public boolean isSameFile(FileSpace other) {
    return fileSystem == other.fileSystem && inode == other.inode;
  }
}
