// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;

/** Reads and writes at a place in a file, for files that are not mapped. */
public final class FileIo {

  private FileIo() {}

  /**
   * Checks that a file can be read at a place, by reading nothing there.
   *
   * @param offset bytes
   * @throws LinuxException ESPIPE or EINVAL for what has no places or is not read, EBADF for what is not open for it
   */
  public static void checkReadable(Fd fd, long offset) throws LinuxException {
    int number = fd.acquire("pread");
    try {
      LinuxException.check(FileCalls.pread(number, MemorySegment.NULL, 0, offset), "pread", fd.name());
    } finally {
      fd.release();
    }
  }

  /**
   * Reads, pread(2), until all is there or the file ends.
   *
   * @param offset where in the file to begin, bytes
   * @param into native memory
   * @return bytes read; fewer than asked for only at the end of the file
   * @throws LinuxException EINVAL for a negative offset, ESPIPE for what has no places, EBADF if the descriptor is
   *     closed or does not read, and what the file's own system answers
   */
  public static long read(Fd fd, long offset, MemorySegment into) throws LinuxException {
    int number = fd.acquire("pread");
    try {
      long done = 0;
      while (done < into.byteSize()) {
        long got = FileCalls.pread(number, into.asSlice(done), into.byteSize() - done, offset + done);
        if (got == 0) {
          break;
        }
        done += checkTransferred(got, "pread", fd);
      }
      return done;
    } finally {
      fd.release();
    }
  }

  /**
   * Writes all, pwrite(2).
   *
   * @param offset where in the file to begin, bytes; what lies beyond its end lengthens it
   * @param from native memory
   * @throws LinuxException as {@link #read}; also ENOSPC, EFBIG and, for a file sealed against it, EPERM
   */
  public static void write(Fd fd, long offset, MemorySegment from) throws LinuxException {
    int number = fd.acquire("pwrite");
    try {
      long done = 0;
      while (done < from.byteSize()) {
        long put = FileCalls.pwrite(number, from.asSlice(done), from.byteSize() - done, offset + done);
        if (put == 0) {
          throw new LinuxException("pwrite", fd.name(), Errno.EIO);
        }
        done += checkTransferred(put, "pwrite", fd);
      }
    } finally {
      fd.release();
    }
  }

  private static long checkTransferred(long result, String function, Fd fd) throws LinuxException {
    return result == -Errno.EINTR.number() ? 0 : LinuxException.check(result, function, fd.name());
  }
}
