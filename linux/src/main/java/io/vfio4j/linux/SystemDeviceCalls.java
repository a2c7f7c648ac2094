// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.file.Path;

/** The calls of this system. */
final class SystemDeviceCalls implements DeviceCalls {

  static final SystemDeviceCalls INSTANCE = new SystemDeviceCalls();

  private static final int O_RDWR = 0x2;
  private static final int O_CLOEXEC = 0x80000;

  private static final int CLOSED = -Errno.EBADF.number();

  private SystemDeviceCalls() {}

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
  public int ioctl(Fd fd, int request, MemorySegment argument, MemorySegment pointedAt) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try {
      return FileCalls.ioctl(fd.acquiredNumber(), Integer.toUnsignedLong(request), argument);
    } finally {
      fd.release();
      // The kernel has its bare address.
      Reference.reachabilityFence(pointedAt);
    }
  }

  @Override
  public long read(Fd fd, MemorySegment into) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try {
      return FileCalls.read(fd.acquiredNumber(), into, into.byteSize());
    } finally {
      fd.release();
    }
  }

  @Override
  public long write(Fd fd, MemorySegment from) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try {
      return FileCalls.write(fd.acquiredNumber(), from, from.byteSize());
    } finally {
      fd.release();
    }
  }

  @Override
  public long read(Fd fd, MemorySegment into, long offset) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try {
      return FileCalls.pread(fd.acquiredNumber(), into, into.byteSize(), offset);
    } finally {
      fd.release();
    }
  }

  @Override
  public long write(Fd fd, MemorySegment from, long offset) {
    if (!fd.tryAcquire()) {
      return CLOSED;
    }
    try {
      return FileCalls.pwrite(fd.acquiredNumber(), from, from.byteSize(), offset);
    } finally {
      fd.release();
    }
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
