// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** System calls on descriptors and paths. Each returns 0 or more, or a negated errno. */
final class FileCalls {

  private static final MethodHandle CLOSE = Native.link("close",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle FCNTL = Native.link("fcntl",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
      Linker.Option.firstVariadicArg(2));
  private static final MethodHandle FTRUNCATE = Native.link("ftruncate",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle FCHMOD = Native.link("fchmod",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle STATX = Native.link("statx",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle STATVFS = Native.link("statvfs",
      FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle FSTATFS = Native.link("fstatfs",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle UNLINK = Native.link("unlink",
      FunctionDescriptor.of(JAVA_INT, ADDRESS));
  private static final MethodHandle OPEN = Native.link("open",
      FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
      Linker.Option.firstVariadicArg(2));
  private static final MethodHandle IOCTL = Native.link("ioctl",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
      Linker.Option.firstVariadicArg(2));
  private static final MethodHandle READ = Native.link("read",
      FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle WRITE = Native.link("write",
      FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle PREAD = Native.link("pread",
      FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle PWRITE = Native.link("pwrite",
      FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle PREADV2 = Native.link("preadv2",
      FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_INT));
  private static final MethodHandle PPOLL = Native.link("ppoll",
      FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));
  private static final MethodHandle EVENTFD = Native.link("eventfd",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle MEMFD_CREATE = Native.link("memfd_create",
      FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));

  private FileCalls() {}

  /** close(2). The descriptor is closed whatever the result: never repeat the call, not even after EINTR. */
  static int close(int fd) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) CLOSE.invokeExact(capture, fd), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** fcntl(2), for commands with an int argument. */
  static int fcntl(int fd, int command, int argument) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) FCNTL.invokeExact(capture, fd, command, argument), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** ftruncate(2), size in bytes. */
  static int ftruncate(int fd, long size) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) FTRUNCATE.invokeExact(capture, fd, size), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** fchmod(2). */
  static int fchmod(int fd, int mode) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) FCHMOD.invokeExact(capture, fd, mode), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** statx(2), whose struct is the same on all architectures, unlike that of stat(2). */
  static int statx(int directory, MemorySegment path, int flags, int mask, MemorySegment statx) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) STATX.invokeExact(capture, directory, path, flags, mask, statx), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** statvfs(3). */
  static int statvfs(MemorySegment path, MemorySegment statvfs) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) STATVFS.invokeExact(capture, path, statvfs), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** fstatfs(2); the longs of its struct have 64 bits on every 64-bit Linux. */
  static int fstatfs(int fd, MemorySegment statfs) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) FSTATFS.invokeExact(capture, fd, statfs), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** unlink(2). */
  static int unlink(MemorySegment path) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) UNLINK.invokeExact(capture, path), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** open(2), for existing files: without a mode. */
  static int open(MemorySegment path, int flags) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) OPEN.invokeExact(capture, path, flags, 0), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** ioctl(2); a number as argument is passed as an address. */
  static int ioctl(int fd, long request, MemorySegment argument) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) IOCTL.invokeExact(capture, fd, request, argument), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** read(2). */
  static long read(int fd, MemorySegment into, long size) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) READ.invokeExact(capture, fd, into, size), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** write(2). */
  static long write(int fd, MemorySegment from, long size) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) WRITE.invokeExact(capture, fd, from, size), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** pread(2); off_t has 64 bits on every 64-bit Linux. */
  static long pread(int fd, MemorySegment into, long size, long offset) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) PREAD.invokeExact(capture, fd, into, size, offset), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** pwrite(2). */
  static long pwrite(int fd, MemorySegment from, long size, long offset) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) PWRITE.invokeExact(capture, fd, from, size, offset), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** preadv2(2); the caller keeps the buffers alive, since the structs contain plain addresses. */
  static long preadv2(int fd, MemorySegment iovecs, int count, long offset, int flags) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) PREADV2.invokeExact(capture, fd, iovecs, count, offset, flags), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** ppoll(2); the timeout may be NULL (none), as may the signal mask (unchanged). */
  static int ppoll(MemorySegment pollFds, long count, MemorySegment timeout, MemorySegment signals) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) PPOLL.invokeExact(capture, pollFds, count, timeout, signals), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** eventfd(2). */
  static int eventfd(int initial, int flags) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) EVENTFD.invokeExact(capture, initial, flags), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** memfd_create(2). */
  static int memfdCreate(MemorySegment name, int flags) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) MEMFD_CREATE.invokeExact(capture, name, flags), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
