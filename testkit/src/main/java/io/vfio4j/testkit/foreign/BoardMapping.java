// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A range that a client has mapped, with its memory if a descriptor came with it. */
final class BoardMapping implements AutoCloseable {

  static final int READABLE = 1;
  static final int WRITABLE = 2;

  private final Arena arena = Arena.ofShared();
  private final long iova;
  private final long size;
  private final int flags;
  private @Nullable MemorySegment memory;

  BoardMapping(long iova, long size, int flags) {
    this.iova = iova;
    this.size = size;
    this.flags = flags;
  }

  /** Maps a file's memory from an offset. The file is closed, also on failure. */
  void attachFile(Fd file, long offset) throws IOException, ErrnoException {
    try (file) {
      if (offset < 0 || size > file.size() - offset) {
        throw new ErrnoException(Errno.EINVAL, "a mapping beyond its file");
      }
      memory = MemoryMap.shared(file, offset, size, allows(WRITABLE), arena);
    }
  }

  boolean matches(BoardMapping other) {
    return iova == other.iova && size == other.size && flags == other.flags;
  }

  boolean overlaps(BoardMapping other) {
    return Long.compareUnsigned(iova, other.iova + other.size - 1) <= 0
        && Long.compareUnsigned(other.iova, iova + size - 1) <= 0;
  }

  boolean allows(int access) {
    return (flags & access) != 0;
  }

  boolean contains(long address, long bytes) {
    return Long.compareUnsigned(address, iova) >= 0
        && Long.compareUnsigned(address - iova, size - bytes) <= 0;
  }

  long iova() {
    return iova;
  }

  long size() {
    return size;
  }

  /** Returns the memory from an address, or null if it is accessible only by message. */
  @Nullable
  MemorySegment segmentAt(long address) {
    return memory == null ? null : memory.asSlice(address - iova);
  }

  @Override
  public void close() {
    arena.close();
  }
}
