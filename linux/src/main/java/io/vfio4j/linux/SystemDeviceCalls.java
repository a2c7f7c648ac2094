// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.file.Path;

/** The system calls of this machine's kernel. */
final class SystemDeviceCalls implements DeviceCalls {

  static final SystemDeviceCalls INSTANCE = new SystemDeviceCalls();

  private static final int O_RDWR = 0x2;
  private static final int O_CLOEXEC = 0x80000;

  private static final int CLOSED = -Errno.EBADF.number();

  /** A call that uses a descriptor. */
  private interface Call {
    long make(int number);
  }

  private SystemDeviceCalls() {}

  /** Makes a call while the descriptor cannot be closed. */
  private static long with(Fd fd, Call call) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try {
      return call.make(fd.acquiredNumber());
    } finally {
      fd.release();
    }
  }

  @Override
  public int open(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      return FileCalls.open(arena.allocateFrom(path.toString()), O_RDWR | O_CLOEXEC);
    }
  }

  @Override
  public Fd adopt(int number, String name) {
    return Fd.adopt(number, name);
  }

  @Override
  public int ioctl(Fd fd, int request, MemorySegment argument, MemorySegment pointee) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try {
      return FileCalls.ioctl(fd.acquiredNumber(), Integer.toUnsignedLong(request), argument);
    } finally {
      fd.release();
      // The kernel has a plain address of it.
      Reference.reachabilityFence(pointee);
    }
  }

  @Override
  public long read(Fd fd, MemorySegment into) {
    return with(fd, number -> FileCalls.read(number, into, into.byteSize()));
  }

  @Override
  public long write(Fd fd, MemorySegment from) {
    return with(fd, number -> FileCalls.write(number, from, from.byteSize()));
  }

  @Override
  public long read(Fd fd, MemorySegment into, long offset) {
    return with(fd, number -> FileCalls.pread(number, into, into.byteSize(), offset));
  }

  @Override
  public long write(Fd fd, MemorySegment from, long offset) {
    return with(fd, number -> FileCalls.pwrite(number, from, from.byteSize(), offset));
  }

  @Override
  public int awaitReadable(Fd fd, long timeoutNanos) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pollFd = arena.allocate(PollFd.SIZE, Integer.BYTES);
      PollFd.set(pollFd, 0, fd.acquiredNumber(), PollFd.POLLIN);
      return Ppoll.await(pollFd, 1, arena.allocate(Timespec.SIZE, Long.BYTES), timeoutNanos);
    } finally {
      fd.release();
    }
  }

  @Override
  public MemorySegment map(Fd fd, long offset, long length, boolean writable, Arena arena)
      throws LinuxException {
    return MemoryMap.shared(fd, offset, length, writable, arena);
  }
}
