// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.MemorySegment;

/** Reads and writes files that are not mapped. */
public final class FileIo {

  private FileIo() {}

  /**
   * Checks that a file can be read at an offset, by a read of 0 bytes.
   *
   * @param offset offset in bytes
   * @throws LinuxException ESPIPE or EINVAL if the file has no offsets or cannot be read, EBADF if the
   *     descriptor is not open for reading
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
   * Reads until the buffer is full or the file ends, pread(2).
   *
   * @param offset offset in the file, in bytes
   * @param into native memory
   * @return the number of bytes read; fewer than requested only at the end of the file
   * @throws LinuxException EINVAL for a negative offset, ESPIPE if the file has no offsets, EBADF if the
   *     descriptor is closed or not open for reading, and errors of the file system
   */
  public static long read(Fd fd, long offset, MemorySegment into) throws LinuxException {
    int number = fd.acquire("pread");
    try {
      long done = 0;
      while (done < into.byteSize()) {
        long read = FileCalls.pread(number, into.asSlice(done), into.byteSize() - done, offset + done);
        if (read == 0) {
          break;
        }
        done += checkTransferred(read, "pread", fd);
      }
      return done;
    } finally {
      fd.release();
    }
  }

  /**
   * Writes all bytes, pwrite(2).
   *
   * @param offset offset in the file, in bytes; a write beyond the end extends the file
   * @param from native memory
   * @throws LinuxException as {@link #read}; also ENOSPC, EFBIG and, for a file sealed against growing, EPERM
   */
  public static void write(Fd fd, long offset, MemorySegment from) throws LinuxException {
    int number = fd.acquire("pwrite");
    try {
      long done = 0;
      while (done < from.byteSize()) {
        long written = FileCalls.pwrite(number, from.asSlice(done), from.byteSize() - done, offset + done);
        if (written == 0) {
          throw new LinuxException("pwrite", fd.name(), Errno.EIO);
        }
        done += checkTransferred(written, "pwrite", fd);
      }
    } finally {
      fd.release();
    }
  }

  private static long checkTransferred(long result, String function, Fd fd) throws LinuxException {
    return result == -Errno.EINTR.number() ? 0 : LinuxException.check(result, function, fd.name());
  }
}
