// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The system calls of epoll(7). Each returns 0 or more, or a negated errno. */
final class EpollCalls {

  private static final MethodHandle EPOLL_CREATE1 = Native.link("epoll_create1",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle EPOLL_CTL = Native.link("epoll_ctl",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle EPOLL_WAIT = Native.link("epoll_wait",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));

  private EpollCalls() {}

  /** epoll_create1(2). */
  static int create(int flags) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) EPOLL_CREATE1.invokeExact(capture, flags), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** epoll_ctl(2). */
  static int control(int epoll, int operation, int fd, MemorySegment event) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) EPOLL_CTL.invokeExact(capture, epoll, operation, fd, event), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** epoll_wait(2), with a timeout in milliseconds. */
  static int await(int epoll, MemorySegment events, int maxEvents, int timeout) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) EPOLL_WAIT.invokeExact(capture, epoll, events, maxEvents, timeout), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
