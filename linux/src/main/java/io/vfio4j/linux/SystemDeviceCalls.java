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

  /** A read or write. Implementations capture nothing, because a register access does not allocate. */
  private interface Transfer {
    long execute(int number, MemorySegment segment, long offset);
  }

  private SystemDeviceCalls() {}

  /** Reads or writes while the descriptor cannot be closed. */
  private static long transfer(Fd fd, MemorySegment segment, long offset, Transfer transfer) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try {
      return transfer.execute(fd.acquiredNumber(), segment, offset);
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
    return transfer(fd, into, 0, (number, segment, _) -> FileCalls.read(number, segment, segment.byteSize()));
  }

  @Override
  public long write(Fd fd, MemorySegment from) {
    return transfer(fd, from, 0,
        (number, segment, _) -> FileCalls.write(number, segment, segment.byteSize()));
  }

  @Override
  public long read(Fd fd, MemorySegment into, long offset) {
    return transfer(fd, into, offset,
        (number, segment, at) -> FileCalls.pread(number, segment, segment.byteSize(), at));
  }

  @Override
  public long write(Fd fd, MemorySegment from, long offset) {
    return transfer(fd, from, offset,
        (number, segment, at) -> FileCalls.pwrite(number, segment, segment.byteSize(), at));
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
