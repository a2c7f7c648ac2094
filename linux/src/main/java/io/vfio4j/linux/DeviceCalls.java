// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The system calls by which device files are driven. A seam: tests put a kernel of their own behind it.
 *
 * <p>
 * But for those that say otherwise, each answers 0 or more, or a negated errno, and is made once: who calls sees to
 * EINTR. A descriptor that is closed is -EBADF.
 */
public interface DeviceCalls {

  /** Returns the calls of this system. */
  static DeviceCalls system() {
    return SystemDeviceCalls.INSTANCE;
  }

  /**
   * Opens a device file to be read and written, open(2) with O_RDWR and O_CLOEXEC.
   *
   * @return the descriptor's number, which the caller owns, or a negated errno
   */
  int open(Path path);

  /**
   * Takes ownership of a descriptor that a call answered.
   *
   * @param number a descriptor that nobody owns
   * @param name what messages call it
   */
  Fd adopt(int number, String name);

  /**
   * Asks for something, ioctl(2).
   *
   * @param request the number of what is asked for
   * @param argument native memory, or a number as an address
   * @param pointedAt native memory whose address is in the argument; NULL if none is
   */
  int ioctl(Fd fd, int request, MemorySegment argument, MemorySegment pointedAt);

  /**
   * Reads what there is, read(2).
   *
   * @param into native memory
   */
  long read(Fd fd, MemorySegment into);

  /**
   * Writes what is taken, write(2).
   *
   * @param from native memory
   */
  long write(Fd fd, MemorySegment from);

  /** Reads at a place, pread(2). */
  long read(Fd fd, MemorySegment into, long offset);

  /** Writes at a place, pwrite(2). */
  long write(Fd fd, MemorySegment from, long offset);

  /**
   * Waits until there is something to read, or the file has hung up or is in error: ppoll(2).
   *
   * @param timeoutNanos negative to wait for ever
   * @return 0 at the timeout
   */
  int awaitReadable(Fd fd, long timeoutNanos);

  /**
   * Maps a part of the file, shared, mmap(2).
   *
   * @param offset bytes, a multiple of the page size
   * @param length bytes, more than 0
   * @param arena unmaps it when it closes
   * @throws LinuxException as {@link MemoryMap#shared}
   */
  MemorySegment map(Fd fd, long offset, long length, boolean writable, Arena arena) throws LinuxException;
}
