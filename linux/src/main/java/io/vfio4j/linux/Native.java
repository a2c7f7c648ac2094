// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.stream.Stream;

/**
 * Links functions of libc, and converts their results to the kernel's convention: a negative result is a
 * negated errno.
 *
 * <p>
 * Since the result carries the error, no errno remains that another call could overwrite. Each wrapper of a
 * call repeats the try statement around {@code invokeExact}, which needs the exact types of its call site.
 */
final class Native {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");
  private static final StructLayout CAPTURE_LAYOUT = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET = CAPTURE_LAYOUT.byteOffset(PathElement.groupElement("errno"));

  /** One per thread, so that threads do not read each other's errno. */
  private static final ThreadLocal<MemorySegment> CAPTURE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE_LAYOUT));

  private Native() {}

  /** Links a function. Its handle takes {@link #capture()} before the arguments of the function. */
  static MethodHandle link(String function, FunctionDescriptor type, Linker.Option... options) {
    Linker.Option[] all =
        Stream.concat(Stream.of(CAPTURE_ERRNO), Stream.of(options)).toArray(Linker.Option[]::new);
    try {
      return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(function), type, all);
    } catch (IllegalCallerException e) {
      throw accessDenied(e);
    }
  }

  /**
   * Returns an Error, since a static initializer propagates an Error unchanged, but hides the message of an
   * Exception.
   */
  private static LinkageError accessDenied(IllegalCallerException cause) {
    Module module = Native.class.getModule();
    String name = module.isNamed() ? module.getName() : "ALL-UNNAMED";
    String message =
        "vfio4j calls libc, which this JVM forbids: run java with --enable-native-access=" + name;
    return new LinkageError(message, cause);
  }

  /** Returns the calling thread's segment for errno. */
  static MemorySegment capture() {
    return CAPTURE.get();
  }

  /** Returns the result of a call, or the negated errno if the result is -1. */
  static int result(int returned, MemorySegment capture) {
    return returned != -1 ? returned : -errno(capture);
  }

  /** Returns the result of a call, or the negated errno if the result is -1. */
  static long result(long returned, MemorySegment capture) {
    return returned != -1 ? returned : -errno(capture);
  }

  private static int errno(MemorySegment capture) {
    return capture.get(JAVA_INT, ERRNO_OFFSET);
  }

  /**
   * Returns the exception to throw for anything that a handle throws, which is never a failure of the
   * function: a closed arena, a wrong thread, a heap segment.
   */
  static RuntimeException unexpected(Throwable thrown) {
    return switch (thrown) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> throw new AssertionError("a downcall threw a checked exception", thrown);
    };
  }
}
