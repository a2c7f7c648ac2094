// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/** The identity of the file at a path, and whether it is a socket. */
record FileId(int deviceMajor, int deviceMinor, long inode, boolean socket) {

  private static final int MASK = Statx.STATX_TYPE | Statx.STATX_INO;

  /** Returns the file at a path, without following symbolic links; empty if there is none. */
  static Optional<FileId> at(Path path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = arena.allocate(Statx.SIZE, Long.BYTES);
      int result = statx(arena, path, statx);
      if (result == -Errno.ENOENT.number()) {
        return Optional.empty();
      }
      LinuxException.check(result, "statx", path.toString());
      return Optional.of(Statx.fileId(statx));
    }
  }

  /** Returns whether this file is at a path, as far as can be determined. */
  boolean isAt(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = arena.allocate(Statx.SIZE, Long.BYTES);
      return statx(arena, path, statx) == 0 && equals(Statx.fileId(statx));
    }
  }

  /** Returns a number that is equal for all files of one file system. */
  long device() {
    return Integer.toUnsignedLong(deviceMajor) << 32 | Integer.toUnsignedLong(deviceMinor);
  }

  private static int statx(Arena arena, Path path, MemorySegment statx) {
    MemorySegment name = arena.allocateFrom(path.toString());
    return FileCalls.statx(Statx.AT_FDCWD, name, Statx.AT_SYMLINK_NOFOLLOW, MASK, statx);
  }
}
