// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A mapping that the client made with DMA_MAP. */
final class DmaMapping implements AutoCloseable {

  static final int READ = 1;
  static final int WRITE = 2;
  static final int MMAP = 4;
  static final int FILE_IO = 8;

  private final Arena owner = Arena.ofConfined();
  private final IovaRange range;
  private final int access;
  private final long offset;
  private final @Nullable MemorySegment memory;
  private final boolean canVanish;

  /**
   * Makes a mapping.
   *
   * @param range where the device sees the memory
   * @param access what the client allows, {@link #READ} and {@link #WRITE}
   * @param fd the memory, which stays the caller's; or null if the client keeps it to itself
   * @param offset where in the file it begins
   * @throws ErrnoException if the file cannot be mapped so
   */
  DmaMapping(IovaRange range, int access, @Nullable Fd fd, long offset) throws ErrnoException {
    this.range = range;
    this.access = access;
    this.offset = offset;
    this.canVanish = fd != null && !Memfd.isSealedAgainstShrinking(fd);
    try {
      memory = fd == null ? null : share(fd, offset, range.length());
    } catch (ErrnoException | RuntimeException e) {
      owner.close();
      throw e;
    }
  }

  private MemorySegment share(Fd fd, long offset, long size) throws ErrnoException {
    try {
      // Beyond the end of the file an access would be a SIGBUS, so the file must reach as far as it claims.
      if (offset < 0 || size < 0 || offset > fd.size() - size) {
        throw new ErrnoException(Errno.EINVAL, "the file to map is too short");
      }
      return MemoryMap.shared(fd, offset, size, allows(WRITE), owner);
    } catch (LinuxException e) {
      throw new ErrnoException(e.errno(), "the file cannot be mapped");
    }
  }

  IovaRange range() {
    return range;
  }

  /** Tells whether a request for a mapping is the one that this was made by, as far as it can be told. */
  boolean isAskedForBy(long otherSize, int otherAccess, boolean withMemory, long otherOffset) {
    return range.length() == otherSize && access == otherAccess && (memory != null) == withMemory
        && offset == otherOffset;
  }

  /** Tells whether the file's owner can cut it, so that an access to memory that was there fails. */
  boolean canVanish() {
    return canVanish;
  }

  boolean allows(int wanted) {
    return (access & wanted) == wanted;
  }

  /** Returns the memory, or null if it is reached by message. */
  @Nullable
  MemorySegment memory() {
    return memory;
  }

  @Override
  public void close() {
    owner.close();
  }
}
