// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** Socket options, socket(7): getsockopt(2) and setsockopt(2) at the level SOL_SOCKET. */
final class SocketOptions {

  static final int SOL_SOCKET = 1;

  static final int SO_TYPE = 3;
  static final int SO_SNDBUF = 7;
  static final int SO_RCVBUF = 8;
  static final int SO_PEERCRED = 17;
  static final int SO_RCVTIMEO = 20;
  static final int SO_SNDTIMEO = 21;
  static final int SO_SNDBUFFORCE = 32;
  static final int SO_RCVBUFFORCE = 33;
  static final int SO_DOMAIN = 39;

  private SocketOptions() {}

  static int getInt(Fd fd, int option) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      get(fd, option, value, arena);
      return value.get(JAVA_INT, 0);
    }
  }

  static UnixSocket.PeerCredentials peerCredentials(Fd fd) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ucred = arena.allocate(Ucred.SIZE, Integer.BYTES);
      get(fd, SO_PEERCRED, ucred, arena);
      return Ucred.get(ucred);
    }
  }

  static void setDuration(Fd fd, int option, Duration duration) throws LinuxException {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("negative timeout " + duration);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment timeval = arena.allocate(Timeval.SIZE, Long.BYTES);
      Timeval.set(timeval, duration);
      LinuxException.check(set(fd, option, timeval), "setsockopt", fd.name());
    }
  }

  /** Sets a buffer size, beyond the system's limit if the process has CAP_NET_ADMIN. */
  static void setSize(Fd fd, int forcedOption, int option, int bytes) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocateFrom(JAVA_INT, bytes);
      int result = set(fd, forcedOption, value);
      if (result == -Errno.EPERM.number()) {
        result = set(fd, option, value);
      }
      LinuxException.check(result, "setsockopt", fd.name());
    }
  }

  private static void get(Fd fd, int option, MemorySegment value, Arena arena) throws LinuxException {
    MemorySegment length = arena.allocateFrom(JAVA_INT, (int) value.byteSize());
    int number = fd.acquire("getsockopt");
    try {
      LinuxException.check(SocketCalls.getsockopt(number, SOL_SOCKET, option, value, length), "getsockopt",
          fd.name());
    } finally {
      fd.release();
    }
  }

  private static int set(Fd fd, int option, MemorySegment value) throws LinuxException {
    int number = fd.acquire("setsockopt");
    try {
      return SocketCalls.setsockopt(number, SOL_SOCKET, option, value, (int) value.byteSize());
    } finally {
      fd.release();
    }
  }
}
