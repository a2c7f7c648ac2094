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
 * A connected UNIX stream socket, unix(7), which passes descriptors. For one thread that receives and one
 * that sends; a second in either direction waits for the first. Buffers are native memory.
 */
public final class UnixSocket implements AutoCloseable {

  /**
   * What receiving answers where nothing has come yet: at the timeout, or at once for {@link #receiveNow}.
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
   * Who connected, or who listened, as the kernel saw it then.
   *
   * @param pid the process, 0 if it is not visible from here
   * @param uid the user
   * @param gid the group
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
   * @throws LinuxException ENOENT, ECONNREFUSED if nobody listens, EACCES, ENAMETOOLONG beyond 107 bytes of
   *     UTF-8
   */
  public static UnixSocket connect(Path path) throws LinuxException {
    return connect(path, Duration.ZERO);
  }

  /**
   * Connects to a server, as {@link #connect(Path)}.
   *
   * @param timeout how long to wait where too many clients wait already; zero for ever. It is the
   *     {@link #sendTimeout} afterwards
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

  /** Makes two sockets connected to each other, socketpair(2). */
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
   * Takes ownership of a socket that was received. It should be one that blocks: where it is not,
   * {@link #receive} does not wait, and {@link #send} fails once the peer reads too slowly.
   *
   * @throws LinuxException ENOTSOCK if it is no socket, EPROTOTYPE if it is not a UNIX stream socket;
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

  /** Makes a socket that is not connected yet. */
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
   * Receives what there is, once: recvmsg(2) with MSG_CMSG_CLOEXEC. Descriptors come with the first byte of
   * the message that they were sent with.
   *
   * @param into where to, native, at least 1 byte
   * @param fds gets the descriptors that came, also if this fails
   * @return the bytes received; 0 at the end of the stream; {@link #WOULD_BLOCK} at the timeout
   * @throws LinuxException ECONNRESET; EMFILE if the process has too many descriptors to take all that came;
   *     EBADF if this socket is closed
   */
  public int receive(MemorySegment into, ReceivedFds fds) throws LinuxException {
    return receive(into, fds, 0);
  }

  /** Does as {@link #receive}, but never waits. */
  public int receiveNow(MemorySegment into, ReceivedFds fds) throws LinuxException {
    return receive(into, fds, MSG_DONTWAIT);
  }

  private int receive(MemorySegment into, ReceivedFds fds, int flags) throws LinuxException {
    checkReceivable(into);
    receiveLock.lock();
    try {
      int number = fd.acquire("recvmsg");
      try {
        long result;
        do {
          result = receiveMessage.receive(fd, number, into, fds, flags);
        } while (result == -Errno.EINTR.number());
        return bytesOrWouldBlock(result, "recvmsg");
      } finally {
        fd.release();
      }
    } finally {
      receiveLock.unlock();
    }
  }

  /**
   * Receives all of a buffer if it can, recv(2) with MSG_WAITALL: a signal, the timeout, the end of the
   * stream and descriptors on the way end it early. The kernel closes descriptors that come along.
   *
   * @param into where to, native, at least 1 byte
   * @return the bytes received, maybe less than the buffer takes; 0 at the end of the stream;
   *     {@link #WOULD_BLOCK} if nothing came before the timeout
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
          "no room to receive into: 0 bytes would look like the end of the stream");
    }
    if (into.isReadOnly()) {
      throw new IllegalArgumentException("a read-only segment to receive into");
    }
  }

  /** The kernel receives at most 2 GiB less a page at once, so an int holds it. */
  private int bytesOrWouldBlock(long result, String function) throws LinuxException {
    return result == -Errno.EAGAIN.number() ? WOULD_BLOCK
        : (int) LinuxException.check(result, function, fd.name());
  }

  /**
   * Sends both buffers completely, sendmsg(2) with MSG_NOSIGNAL, and descriptors with the first byte. The
   * peer gets duplicates; the descriptors given stay open. After a failure the stream may end within the
   * message.
   *
   * @param head native
   * @param tail native, may be empty; not both
   * @param fds at most 253
   * @throws LinuxException EPIPE or ECONNRESET if the peer is gone; ETIMEDOUT if it reads nothing for as
   *     long as {@link #sendTimeout}; EBADF if this socket or one of the descriptors is closed
   */
  public void send(MemorySegment head, MemorySegment tail, List<Fd> fds) throws LinuxException {
    output.send(head, tail, fds);
  }

  /**
   * Sends once what the kernel takes without waiting, sendmsg(2) with MSG_DONTWAIT and MSG_NOSIGNAL.
   *
   * @param head native
   * @param tail native, may be empty; not both
   * @param skip how many bytes of head and tail together have been sent before, fewer than there are
   * @param fds at most 253; they go with the first byte, so only where {@code skip} is 0
   * @return how many bytes were taken, at least 1, or {@link #WOULD_BLOCK}
   * @throws LinuxException EPIPE or ECONNRESET if the peer is gone; EBADF if this socket or one of the descriptors
   *     is closed
   */
  public long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException {
    return output.sendNow(head, tail, skip, fds);
  }

  /**
   * Sets how long receiving waits, SO_RCVTIMEO.
   *
   * @param timeout rounded up to microseconds; zero for ever
   */
  public void receiveTimeout(Duration timeout) throws LinuxException {
    SocketOptions.setDuration(fd, SocketOptions.SO_RCVTIMEO, timeout);
  }

  /**
   * Sets how long sending waits for the peer to read, SO_SNDTIMEO: for each part that the kernel takes, not
   * in all.
   *
   * @param timeout rounded up to microseconds; zero for ever
   */
  public void sendTimeout(Duration timeout) throws LinuxException {
    SocketOptions.setDuration(fd, SocketOptions.SO_SNDTIMEO, timeout);
  }

  /**
   * Sets the size of the kernel's buffers, SO_SNDBUF and SO_RCVBUF: beyond the system's limits if the
   * process may (CAP_NET_ADMIN), else up to them.
   */
  public void bufferSize(int bytes) throws LinuxException {
    SocketOptions.setSize(fd, SocketOptions.SO_SNDBUFFORCE, SocketOptions.SO_SNDBUF, bytes);
    SocketOptions.setSize(fd, SocketOptions.SO_RCVBUFFORCE, SocketOptions.SO_RCVBUF, bytes);
  }

  /** Returns who is at the other end, SO_PEERCRED: whom the kernel saw connect, listen, or make the pair. */
  public PeerCredentials peerCredentials() throws LinuxException {
    return SocketOptions.peerCredentials(fd);
  }

  /**
   * Ends the stream in both directions, for everyone who holds this end: receiving answers 0, at once where
   * it waits, and sending fails with EPIPE. Nothing if this socket is closed.
   */
  public void shutdown() {
    shutdown(fd);
  }

  /** ENOTCONN is the only error left: a socket that is not connected needs no end. */
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
   * Closes the socket. Threads that receive or send now are stopped first, by {@link #shutdown()}; without
   * such the stream lives on in who else holds this end, by a descriptor passed on.
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
