// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** System calls on mappings. Each returns 0 or more, or a negated errno. */
final class MemoryCalls {

  private static final MethodHandle MMAP = Native.link("mmap",
      FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MUNMAP = Native.link("munmap",
      FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle MADVISE = Native.link("madvise",
      FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle GETPAGESIZE = Native.link("getpagesize", FunctionDescriptor.of(JAVA_INT));

  private MemoryCalls() {}

  /** getpagesize(2), in bytes. */
  static int getpagesize() {
    try {
      return (int) GETPAGESIZE.invokeExact(Native.capture());
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /**
   * mmap(2). The address is returned as a number: failure is -1, not NULL, and a user address is never
   * negative.
   */
  static long mmap(MemorySegment hint, long length, int protection, int flags, int fd, long offset) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) MMAP.invokeExact(capture, hint, length, protection, flags, fd, offset),
          capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** munmap(2). */
  static int munmap(MemorySegment mapped, long length) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) MUNMAP.invokeExact(capture, mapped, length), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** madvise(2). */
  static int madvise(MemorySegment mapped, long length, int advice) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) MADVISE.invokeExact(capture, mapped, length, advice), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
