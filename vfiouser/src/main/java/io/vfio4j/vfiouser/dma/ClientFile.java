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
 * A file received with a DMA_MAP.
 *
 * @param fd its descriptor; stays the caller's
 * @param status its type, size, access mode and file system
 * @param canFault whether an access to its memory can raise SIGBUS: if its owner can truncate it, and on
 *     hugetlbfs also because the owner can punch a hole that the pool has no page to fill
 */
record ClientFile(Fd fd, FileStatus status, boolean canFault) {

  /**
   * Examines a file.
   *
   * @throws ErrnoException EINVAL for a file without content, such as a socket; otherwise the errno of the
   *     system call
   */
  static ClientFile of(Fd fd) throws ErrnoException {
    // The seal first, then the size: in this order, the size of a sealed file cannot shrink after it was
    // read.
    boolean isSealed = Memfd.isSealedAgainstShrinking(fd);
    FileStatus status;
    try {
      status = FileStatus.of(fd);
    } catch (LinuxException e) {
      throw mapFailure(e, "fstat failed");
    }
    if (status.type() == FileStatus.Type.OTHER) {
      throw new ErrnoException(Errno.EINVAL, "the file to map is a directory, a socket or a FIFO");
    }
    return new ClientFile(fd, status, !isSealed || status.fileSystem() == FileStatus.HUGETLBFS);
  }

  /**
   * Checks that the range is within the file. A file without a size, such as a device or /proc/PID/mem, is
   * checked by each access.
   */
  void checkRange(long offset, long size) throws ErrnoException {
    long end = status.hasSize() ? status.size() : Long.MAX_VALUE;
    if (offset < 0 || size < 0 || offset > end - size) {
      throw new ErrnoException(Errno.EINVAL, "the file to map is too short");
    }
  }

  /**
   * Checks that the descriptor's access mode permits the mapping, as mmap(2) does: a mapping is always
   * readable.
   */
  void checkAccess(boolean writable) throws ErrnoException {
    if (!status.access().allows(writable ? Access.READ_WRITE : Access.READ)) {
      throw new ErrnoException(Errno.EACCES,
          "the file to map is not open for " + (writable ? "reading and writing" : "reading"));
    }
  }

  /** Returns whether this is the same file as another mapping's, regardless of its size. */
  boolean isSameFile(ClientFile other) {
    return status.isSameFile(other.status);
  }

  /** Returns the refusal of a DMA_MAP for a failed system call. */
  static ErrnoException mapFailure(LinuxException cause, String reason) {
    ErrnoException refusal = new ErrnoException(cause.errno(), "the file to map: " + reason);
    refusal.initCause(cause);
    return refusal;
  }
}
