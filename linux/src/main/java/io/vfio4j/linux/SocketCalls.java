// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * System calls on sockets. Each returns 0 or more, or a negated errno.
 *
 * <p>
 * A struct msghdr contains its buffers as plain addresses, which do not keep an arena open. Therefore recvmsg
 * and sendmsg are called through the variadic syscall(2), with the buffers as surplus arguments, which it
 * ignores: FFM keeps the arena of every argument open for the duration of the call, and rejects heap
 * segments, closed arenas and those of other threads.
 */
final class SocketCalls {

  private static final MethodHandle SOCKET = Native.link("socket",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle SOCKETPAIR = Native.link("socketpair",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
  private static final MethodHandle CONNECT = Native.link("connect",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle BIND = Native.link("bind",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle LISTEN = Native.link("listen",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle ACCEPT4 = Native.link("accept4",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
  private static final MethodHandle SHUTDOWN = Native.link("shutdown",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle GETSOCKOPT = Native.link("getsockopt",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle SETSOCKOPT = Native.link("setsockopt",
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle RECV = Native.link("recv",
      FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final boolean IS_ARM64 = System.getProperty("os.arch").equals("aarch64");

  /** Numbers of asm/unistd.h. */
  private static final long SYS_RECVMSG = IS_ARM64 ? 212 : 47;
  private static final long SYS_SENDMSG = IS_ARM64 ? 211 : 46;

  private static final MethodHandle RECVMSG = Native.link("syscall",
      FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS),
      Linker.Option.firstVariadicArg(1));
  private static final MethodHandle SENDMSG = Native.link("syscall",
      FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS),
      Linker.Option.firstVariadicArg(1));

  private SocketCalls() {}

  /** socket(2). */
  static int socket(int domain, int type, int protocol) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) SOCKET.invokeExact(capture, domain, type, protocol), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** socketpair(2), into two ints. */
  static int socketpair(int domain, int type, int protocol, MemorySegment pair) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) SOCKETPAIR.invokeExact(capture, domain, type, protocol, pair), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** connect(2). */
  static int connect(int fd, MemorySegment address, int length) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) CONNECT.invokeExact(capture, fd, address, length), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** bind(2). */
  static int bind(int fd, MemorySegment address, int length) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) BIND.invokeExact(capture, fd, address, length), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** listen(2). */
  static int listen(int fd, int backlog) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) LISTEN.invokeExact(capture, fd, backlog), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** accept4(2); address and length may be NULL. */
  static int accept4(int fd, MemorySegment address, MemorySegment length, int flags) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) ACCEPT4.invokeExact(capture, fd, address, length, flags), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** shutdown(2). */
  static int shutdown(int fd, int how) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) SHUTDOWN.invokeExact(capture, fd, how), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** getsockopt(2); length points to an int, the size of value. */
  static int getsockopt(int fd, int level, int option, MemorySegment value, MemorySegment length) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) GETSOCKOPT.invokeExact(capture, fd, level, option, value, length), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** setsockopt(2). */
  static int setsockopt(int fd, int level, int option, MemorySegment value, int length) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((int) SETSOCKOPT.invokeExact(capture, fd, level, option, value, length), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** recv(2). */
  static long recv(int fd, MemorySegment into, long size, int flags) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) RECV.invokeExact(capture, fd, into, size, flags), capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** recvmsg(2); {@code into} is the buffer in the message, see {@link SocketCalls}. */
  static long recvmsg(int fd, MemorySegment message, int flags, MemorySegment into) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) RECVMSG.invokeExact(capture, SYS_RECVMSG, fd, message, flags, into),
          capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }

  /** sendmsg(2); {@code head} and {@code tail} are the buffers in the message, see {@link SocketCalls}. */
  static long sendmsg(int fd, MemorySegment message, int flags, MemorySegment head, MemorySegment tail) {
    try {
      MemorySegment capture = Native.capture();
      return Native.result((long) SENDMSG.invokeExact(capture, SYS_SENDMSG, fd, message, flags, head, tail),
          capture);
    } catch (Throwable t) {
      throw Native.unexpected(t);
    }
  }
}
