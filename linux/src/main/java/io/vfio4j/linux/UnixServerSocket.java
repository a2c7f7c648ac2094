// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A UNIX stream socket that listens at a path, unix(7). Only its owner can connect (mode 0600). Thread-safe.
 */
public final class UnixServerSocket implements AutoCloseable {

  private static final int OWNER_ONLY = 0600;
  private static final int BACKLOG = 16;

  private final Fd fd;
  private final Path path;
  private final FileId file;

  private UnixServerSocket(Fd fd, Path path, FileId file) {
    this.fd = fd;
    this.path = path;
    this.file = file;
  }

  /**
   * Listens at a path: bind(2), listen(2). A socket left there by a dead process is replaced. Two processes
   * that do this at the same time may replace each other's socket: give each server its own path.
   *
   * @throws LinuxException EADDRINUSE if a server listens there, or the file there is not a socket;
   *     ENAMETOOLONG beyond 107 bytes of UTF-8; ENOENT if the directory does not exist; EACCES
   */
  public static UnixServerSocket bind(Path path) throws LinuxException {
    Fd fd = UnixSocket.open(path, 0);
    try {
      bindReplacingStale(fd, path);
      FileId file =
          FileId.at(path).orElseThrow(() -> new LinuxException("statx", path.toString(), Errno.ENOENT));
      LinuxException.check(SocketCalls.listen(fd.number(), BACKLOG), "listen", fd.name());
      return new UnixServerSocket(fd, path, file);
    } catch (Throwable t) {
      fd.close();
      throw t;
    }
  }

  private static void bindReplacingStale(Fd fd, Path path) throws LinuxException {
    // Linux creates the file with the mode of the socket: set before bind, so that others can never connect.
    LinuxException.check(FileCalls.fchmod(fd.number(), OWNER_ONLY), "fchmod", fd.name());
    int result = bind(fd, path);
    if (result == -Errno.EADDRINUSE.number() && isStale(path)) {
      LinuxException.check(unlink(path), "unlink", path.toString());
      result = bind(fd, path);
    }
    LinuxException.check(result, "bind", fd.name());
  }

  private static int bind(Fd fd, Path path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = SockaddrUn.allocate(arena, "bind", path);
      return SocketCalls.bind(fd.number(), address, (int) address.byteSize());
    }
  }

  /**
   * Returns whether the file at a path is a socket without a listener. Only a refused connection proves that.
   */
  private static boolean isStale(Path path) throws LinuxException {
    Optional<FileId> existing = FileId.at(path);
    if (existing.isEmpty() || !existing.get().socket()) {
      return false;
    }
    // Must not block on a server whose backlog is full.
    try (Fd probe = UnixSocket.open(path, UnixSocket.SOCK_NONBLOCK)) {
      return UnixSocket.connect(probe, path) == -Errno.ECONNREFUSED.number();
    }
  }

  private static int unlink(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      return FileCalls.unlink(arena.allocateFrom(path.toString()));
    }
  }

  /**
   * Waits for a client, accept4(2).
   *
   * @throws LinuxException EINVAL after {@link #shutdown()}, EBADF after {@link #close()}; EMFILE and ENFILE,
   *     while the client remains in the backlog
   */
  public UnixSocket accept() throws LinuxException {
    int number = fd.acquire("accept4");
    try {
      int result;
      do {
        result = SocketCalls.accept4(number, MemorySegment.NULL, MemorySegment.NULL, UnixSocket.SOCK_CLOEXEC);
      } while (result == -Errno.EINTR.number() || result == -Errno.ECONNABORTED.number());
      return new UnixSocket(
          Fd.adopt(LinuxException.check(result, "accept4", fd.name()), "client of " + path));
    } finally {
      fd.release();
    }
  }

  /** Refuses further clients; {@link #accept()} fails with EINVAL, immediately if it is waiting. */
  public void shutdown() {
    UnixSocket.shutdown(fd);
  }

  /** Returns the descriptor, still owned by this object. */
  public Fd fd() {
    return fd;
  }

  /** Returns the path to which clients connect. */
  public Path path() {
    return path;
  }

  /**
   * Stops listening, and removes the path if it still refers to this socket.
   *
   * <p>
   * If the path cannot be removed, it remains, and the next server replaces it.
   */
  @Override
  public void close() {
    shutdown();
    if (fd.tryAcquire()) {
      try {
        if (file.isAt(path)) {
          unlink(path);
        }
      } finally {
        fd.release();
      }
    }
    fd.close();
  }
}
