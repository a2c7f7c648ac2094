// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A connected UNIX stream socket, unix(7), which passes descriptors. For one receiving and one sending
 * thread; further threads in either direction are serialized. Buffers are native memory.
 */
public final class UnixSocket implements AutoCloseable {

  /**
   * The result if nothing could be received or sent without waiting: at the timeout, or at once for {@link
   * #receiveNow} and {@link #sendNow}.
   */
  public static final int WOULD_BLOCK = -1;

  static final int SOCK_STREAM = 1;
  static final int SOCK_NONBLOCK = 0x800;
  static final int SOCK_CLOEXEC = 0x80000;

  static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_WAITALL = 0x100;
  private static final int SHUT_RDWR = 2;

  private final Fd fd;
  private final Arena arena = Arena.ofShared();

  /** Held while receiving; guards receiveMessage. */
  private final ReentrantLock receiveLock = new ReentrantLock();
  private final SocketMessage receiveMessage = new SocketMessage(arena);

  private final SocketOutput output;

  /**
   * Two sockets connected to each other.
   *
   * @param one one end
   * @param other the other end
   */
  public record Pair(UnixSocket one, UnixSocket other) {
  }

  /**
   * The credentials of the peer at the time of connect(2) or listen(2).
   *
   * @param pid the process ID, 0 if it is not visible in this namespace
   * @param uid the user ID
   * @param gid the group ID
   */
  public record PeerCredentials(int pid, int uid, int gid) {
  }

  /** Takes ownership of a connected UNIX stream socket. */
  UnixSocket(Fd fd) {
    this.fd = fd;
    this.output = new SocketOutput(fd, arena);
  }

  /**
   * Connects to a server, connect(2).
   *
   * @throws LinuxException ENOENT, ECONNREFUSED if no server listens, EACCES, ENAMETOOLONG beyond 107 bytes
   *     of UTF-8
   */
  public static UnixSocket connect(Path path) throws LinuxException {
    return connect(path, Duration.ZERO);
  }

  /**
   * Connects to a server, as {@link #connect(Path)}.
   *
   * @param timeout how long to wait if the server's backlog is full; zero for no limit. It remains set as the
   *     {@link #sendTimeout}
   * @throws LinuxException ETIMEDOUT, and as {@link #connect(Path)}
   */
  public static UnixSocket connect(Path path, Duration timeout) throws LinuxException {
    Fd fd = open(path, 0);
    try {
      SocketOptions.setDuration(fd, SocketOptions.SO_SNDTIMEO, timeout);
      int result;
      do {
        result = connect(fd, path);
      } while (result == -Errno.EINTR.number());
      if (result == -Errno.EAGAIN.number()) {
        throw new LinuxException("connect", fd.name(), Errno.ETIMEDOUT);
      }
      LinuxException.check(result, "connect", fd.name());
      return new UnixSocket(fd);
    } catch (Throwable t) {
      fd.close();
      throw t;
    }
  }

  /** Creates two sockets connected to each other, socketpair(2). */
  public static Pair pair() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(JAVA_INT, 2);
      int result = SocketCalls.socketpair(SockaddrUn.AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
      LinuxException.check(result, "socketpair", "a new pair");
      return new Pair(new UnixSocket(Fd.adopt(pair.getAtIndex(JAVA_INT, 0), "one end of a socket pair")),
          new UnixSocket(Fd.adopt(pair.getAtIndex(JAVA_INT, 1), "other end of a socket pair")));
    }
  }

  /**
   * Takes ownership of a received socket. It should be blocking: otherwise {@link #receive} does not wait,
   * and {@link #send} fails if the peer reads too slowly.
   *
   * @throws LinuxException ENOTSOCK if it is not a socket, EPROTOTYPE if it is not a UNIX stream socket;
   *     {@code fd} is closed then
   */
  public static UnixSocket of(Fd fd) throws LinuxException {
    try {
      if (SocketOptions.getInt(fd, SocketOptions.SO_DOMAIN) != SockaddrUn.AF_UNIX
          || SocketOptions.getInt(fd, SocketOptions.SO_TYPE) != SOCK_STREAM) {
        throw new LinuxException("getsockopt", fd.name(), Errno.EPROTOTYPE);
      }
      return new UnixSocket(fd);
    } catch (Throwable t) {
      fd.close();
      throw t;
    }
  }

  /** Creates an unconnected socket. */
  static Fd open(Path path, int flags) throws LinuxException {
    int number = SocketCalls.socket(SockaddrUn.AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    return Fd.adopt(LinuxException.check(number, "socket", path.toString()), path.toString());
  }

  /** Calls connect(2) once, and returns 0 or a negated errno. */
  static int connect(Fd fd, Path path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = SockaddrUn.allocate(arena, "connect", path);
      int number = fd.acquire("connect");
      try {
        return SocketCalls.connect(number, address, (int) address.byteSize());
      } finally {
        fd.release();
      }
    }
  }

  /**
   * Receives the available bytes, recvmsg(2) with MSG_CMSG_CLOEXEC. Descriptors arrive with the first byte of
   * the message with which they were sent.
   *
   * @param into the destination, native memory of at least 1 byte
   * @param fds receives the descriptors, even if this fails
   * @return the number of bytes received; 0 at the end of the stream; {@link #WOULD_BLOCK} at the timeout, or
   *     if a signal has interrupted the call ({@link ThreadSignal})
   * @throws LinuxException ECONNRESET; EMFILE if the process has too many descriptors to receive all; EBADF
   *     if this socket is closed
   */
  public int receive(MemorySegment into, ReceivedFds fds) throws LinuxException {
    return receive(into, fds, 0);
  }

  /** Like {@link #receive}, but never waits. */
  public int receiveNow(MemorySegment into, ReceivedFds fds) throws LinuxException {
    return receive(into, fds, MSG_DONTWAIT);
  }

  private int receive(MemorySegment into, ReceivedFds fds, int flags) throws LinuxException {
    checkReceivable(into);
    receiveLock.lock();
    try {
      int number = fd.acquire("recvmsg");
      try {
        long result = receiveMessage.receive(fd, number, into, fds, flags);
        return result == -Errno.EINTR.number() ? WOULD_BLOCK : bytesOrWouldBlock(result, "recvmsg");
      } finally {
        fd.release();
      }
    } finally {
      receiveLock.unlock();
    }
  }

  /**
   * Fills a buffer if possible, recv(2) with MSG_WAITALL: a signal, the timeout, the end of the stream, or a
   * message with descriptors ends it early. The kernel closes descriptors that arrive.
   *
   * @param into the destination, native memory of at least 1 byte
   * @return the number of bytes received, possibly less than the buffer holds; 0 at the end of the stream;
   *     {@link #WOULD_BLOCK} if nothing arrived before the timeout
   * @throws LinuxException ECONNRESET; EBADF if this socket is closed
   */
  public int receiveAll(MemorySegment into) throws LinuxException {
    checkReceivable(into);
    receiveLock.lock();
    try {
      int number = fd.acquire("recv");
      try {
        long result;
        do {
          result = SocketCalls.recv(number, into, into.byteSize(), MSG_WAITALL);
        } while (result == -Errno.EINTR.number());
        return bytesOrWouldBlock(result, "recv");
      } finally {
        fd.release();
      }
    } finally {
      receiveLock.unlock();
    }
  }

  private static void checkReceivable(MemorySegment into) {
    if (into.byteSize() == 0) {
      throw new IllegalArgumentException(
          "an empty segment to receive into: 0 bytes would look like the end of the stream");
    }
    if (into.isReadOnly()) {
      throw new IllegalArgumentException("a read-only segment to receive into");
    }
  }

  /** Converts a result to an int: the kernel transfers at most 2 GiB minus a page at once. */
  private int bytesOrWouldBlock(long result, String function) throws LinuxException {
    return result == -Errno.EAGAIN.number() ? WOULD_BLOCK
        : (int) LinuxException.check(result, function, fd.name());
  }

  /**
   * Sends both buffers completely, sendmsg(2) with MSG_NOSIGNAL, and descriptors with the first byte. The
   * peer receives duplicates; the descriptors passed remain open. After a failure, the stream may end within
   * the message.
   *
   * @param head native memory
   * @param tail native memory; one of head and tail may be empty
   * @param fds at most 253 descriptors
   * @throws LinuxException EPIPE or ECONNRESET if the peer has disconnected; ETIMEDOUT if it reads nothing
   *     for the {@link #sendTimeout}; EBADF if this socket or one of the descriptors is closed
   */
  public void send(MemorySegment head, MemorySegment tail, List<Fd> fds) throws LinuxException {
    output.send(head, tail, fds);
  }

  /**
   * Sends the bytes that the kernel accepts without waiting, sendmsg(2) with MSG_DONTWAIT and MSG_NOSIGNAL.
   *
   * @param head native memory
   * @param tail native memory; one of head and tail may be empty
   * @param skip the number of bytes of head and tail together that have been sent already, less than their
   *     sum
   * @param fds at most 253 descriptors; sent with the first byte, so only if {@code skip} is 0
   * @return the number of bytes sent, at least 1, or {@link #WOULD_BLOCK}
   * @throws LinuxException EPIPE or ECONNRESET if the peer has disconnected; EBADF if this socket or one of
   *     the descriptors is closed
   */
  public long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException {
    return output.sendNow(head, tail, skip, fds);
  }

  /**
   * Sets the timeout of receiving, SO_RCVTIMEO.
   *
   * @param timeout rounded up to microseconds; zero for none
   */
  public void receiveTimeout(Duration timeout) throws LinuxException {
    SocketOptions.setDuration(fd, SocketOptions.SO_RCVTIMEO, timeout);
  }

  /**
   * Sets the timeout of sending, SO_SNDTIMEO, which restarts with each part that the kernel accepts.
   *
   * @param timeout rounded up to microseconds; zero for none
   */
  public void sendTimeout(Duration timeout) throws LinuxException {
    SocketOptions.setDuration(fd, SocketOptions.SO_SNDTIMEO, timeout);
  }

  /**
   * Sets the size of the kernel's buffers in bytes, SO_SNDBUF and SO_RCVBUF, beyond the system's limits if
   * the process has CAP_NET_ADMIN.
   */
  public void bufferSize(int bytes) throws LinuxException {
    SocketOptions.setSize(fd, SocketOptions.SO_SNDBUFFORCE, SocketOptions.SO_SNDBUF, bytes);
    SocketOptions.setSize(fd, SocketOptions.SO_RCVBUFFORCE, SocketOptions.SO_RCVBUF, bytes);
  }

  /**
   * Returns the credentials of the peer, SO_PEERCRED: of the process that connected, listened, or created the
   * pair.
   */
  public PeerCredentials peerCredentials() throws LinuxException {
    return SocketOptions.peerCredentials(fd);
  }

  /**
   * Ends the stream in both directions, for all processes that have this end open: receiving returns 0,
   * immediately if it is waiting, and sending fails with EPIPE. Does nothing if this socket is closed.
   */
  public void shutdown() {
    shutdown(fd);
  }

  /** Shuts a socket down. The only possible error is ENOTCONN: it is not connected. */
  static void shutdown(Fd fd) {
    if (fd.tryAcquire()) {
      try {
        SocketCalls.shutdown(fd.acquiredNumber(), SHUT_RDWR);
      } finally {
        fd.release();
      }
    }
  }

  /** Returns the descriptor, still owned by this object. */
  public Fd fd() {
    return fd;
  }

  /**
   * Closes the socket. Threads that are receiving or sending are first stopped by {@link #shutdown()};
   * otherwise the stream remains open if another process has this end open.
   */
  @Override
  public void close() {
    lockAfterShutdown(receiveLock);
    lockAfterShutdown(output.lock());
    try {
      if (arena.scope().isAlive()) {
        fd.close();
        arena.close();
      }
    } finally {
      output.lock().unlock();
      receiveLock.unlock();
    }
  }

  private void lockAfterShutdown(ReentrantLock direction) {
    if (!direction.tryLock()) {
      shutdown();
      direction.lock();
    }
  }
}
