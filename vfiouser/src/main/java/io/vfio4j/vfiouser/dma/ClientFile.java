// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.dma;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.FileStatus.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;

/**
 * A file that came with a DMA_MAP.
 *
 * @param fd its descriptor, the caller's
 * @param status what it is
 * @param canFault whether memory of it that was there can be gone at the next access, so that it is a SIGBUS: where its
 *     owner can cut it, and of hugetlbfs also where the owner can punch a hole and the pool has no page to fill it
 */
record ClientFile(Fd fd, FileStatus status, boolean canFault) {

  /**
   * Looks at a file.
   *
   * @throws ErrnoException EINVAL for what holds no bytes, such as a socket; what the file's own system answers
   */
  static ClientFile of(Fd fd) throws ErrnoException {
    // The seal first, and then the size: in this order what was seen of a sealed file stays true.
    boolean isSealed = Memfd.isSealedAgainstShrinking(fd);
    FileStatus status;
    try {
      status = FileStatus.of(fd);
    } catch (LinuxException e) {
      throw mapFailure(e, "it cannot be looked at");
    }
    if (status.type() == FileStatus.Type.OTHER) {
      throw new ErrnoException(Errno.EINVAL, "the file to map is a directory, a socket or a FIFO");
    }
    return new ClientFile(fd, status, !isSealed || status.fileSystem() == FileStatus.HUGETLBFS);
  }

  /**
   * Checks that the file reaches as far as is claimed of it. Where a file has no size, as the memory of a process and a
   * device have none, an access finds out.
   */
  void checkRange(long offset, long size) throws ErrnoException {
    long end = status.hasSize() ? status.size() : Long.MAX_VALUE;
    if (offset < 0 || size < 0 || offset > end - size) {
      throw new ErrnoException(Errno.EINVAL, "the file to map is too short");
    }
  }

  /** Checks that the descriptor is open for what the device may do, as mmap(2) would: a mapping is always read. */
  void checkAccess(boolean writable) throws ErrnoException {
    if (!status.access().allows(writable ? Access.READ_WRITE : Access.READ)) {
      throw new ErrnoException(Errno.EACCES,
          "the file to map is not open for " + (writable ? "reading and writing" : "reading"));
    }
  }

  /** Returns whether this is the file of another mapping, whatever its size is now. */
  boolean isSameFile(ClientFile other) {
    return status.isSameFile(other.status);
  }

  /** Makes the answer to a DMA_MAP of what a system call said of its file. */
  static ErrnoException mapFailure(LinuxException cause, String why) {
    ErrnoException refusal = new ErrnoException(cause.errno(), "the file to map: " + why);
    refusal.initCause(cause);
    return refusal;
  }
}
