// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The system calls that drive device files; tests substitute a kernel of their own.
 *
 * <p>
 * Unless stated otherwise, each method makes one call and returns a result of 0 or more, or a negated errno;
 * the caller handles EINTR. For a closed descriptor the result is -EBADF.
 */
public interface DeviceCalls {

  /** Returns the system calls of this machine's kernel. */
  static DeviceCalls system() {
    return SystemDeviceCalls.INSTANCE;
  }

  /**
   * Opens a device file for reading and writing, open(2) with O_RDWR and O_CLOEXEC.
   *
   * @return the descriptor, owned by the caller, or a negated errno
   */
  int open(Path path);

  /**
   * Takes ownership of a descriptor returned by a call.
   *
   * @param number a descriptor without an owner
   * @param name its name in messages
   */
  Fd adopt(int number, String name);

  /**
   * Makes an ioctl(2).
   *
   * @param request the request number
   * @param argument native memory, or a number as an address
   * @param pointee native memory to which the argument contains a pointer; NULL if there is none
   */
  int ioctl(Fd fd, int request, MemorySegment argument, MemorySegment pointee);

  /**
   * Reads the available bytes, read(2).
   *
   * @param into native memory
   */
  long read(Fd fd, MemorySegment into);

  /**
   * Writes, possibly only some of the bytes, write(2).
   *
   * @param from native memory
   */
  long write(Fd fd, MemorySegment from);

  /** Reads at an offset, pread(2). */
  long read(Fd fd, MemorySegment into, long offset);

  /** Writes at an offset, pwrite(2). */
  long write(Fd fd, MemorySegment from, long offset);

  /**
   * Waits until the file is readable, hung up or in error, ppoll(2).
   *
   * @param timeoutNanos the timeout in nanoseconds; negative for none
   * @return 0 at the timeout
   */
  int awaitReadable(Fd fd, long timeoutNanos);

  /**
   * Maps a range of the file, shared, mmap(2).
   *
   * @param offset offset in bytes, a multiple of the page size
   * @param length length in bytes, more than 0
   * @param arena unmaps the memory when it closes
   * @throws LinuxException as {@link MemoryMap#shared}
   */
  MemorySegment map(Fd fd, long offset, long length, boolean writable, Arena arena) throws LinuxException;
}
