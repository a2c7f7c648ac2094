// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.linux.UnixSocket;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Messages over a UNIX socket. */
public final class SocketTransport implements MessageTransport {

  /** Room for a message of the largest default size, so that its sender does not wait for the reader. */
  public static final int DEFAULT_BUFFER = 2 << 20;

  private static final Duration MAX_WAIT = Duration.ofSeconds(1);

  private final UnixSocket socket;
  private final Duration receiveTimeout;
  private final long busyPollNanos;
  /** One for receiving and one for sending, which may be two threads. */
  private final Poller receivePoller;
  private final Poller sendPoller;
  private @Nullable Poller eventPoller;
  private boolean unbounded;

  /**
   * Creates a transport, which owns the socket.
   *
   * @param receiveTimeout how long {@link #receive} waits unless it is {@linkplain #setUnbounded unbounded};
   *     zero for always unbounded
   * @param busyPoll how long a wait for bytes polls before it sleeps
   * @param buffer size of the socket buffer in each direction, bytes
   */
  public SocketTransport(UnixSocket socket, Duration receiveTimeout, Duration busyPoll, int buffer)
      throws LinuxException {
    this.socket = socket;
    this.receiveTimeout = receiveTimeout;
    this.busyPollNanos = busyPoll.toNanos();
    this.unbounded = receiveTimeout.isZero();
    if (!unbounded) {
      socket.receiveTimeout(receiveTimeout);
    }
    socket.bufferSize(buffer);
    this.receivePoller = new Poller(socket.fd());
    this.sendPoller = new Poller(socket.fd());
  }

  /**
   * Creates a transport for a reader with a message timeout. A receive returns after that time, and after at
   * most a second, so that the reader can check its clock.
   */
  public static SocketTransport withTimeout(UnixSocket socket, Duration timeout, Duration busyPoll,
      int buffer)
      throws LinuxException {
    return new SocketTransport(socket, timeout.compareTo(MAX_WAIT) < 0 ? timeout : MAX_WAIT, busyPoll,
        buffer);
  }

  /** Checks that the timeout and the buffer size are positive, and the polling time not negative. */
  public static void checkSettings(Duration timeout, Duration busyPoll, int buffer) {
    if (timeout.isNegative() || timeout.isZero() || busyPoll.isNegative() || buffer < 1) {
      throw new IllegalArgumentException(
          "a timeout of %s, %s of busy polling, a buffer of %d bytes".formatted(timeout, busyPoll, buffer));
    }
  }

  @Override
  public int receive(MemorySegment into, ReceivedFds fds) throws LinuxException {
    if (busyPollNanos > 0) {
      long start = System.nanoTime();
      do {
        int received = socket.receiveNow(into, fds);
        if (received != UnixSocket.WOULD_BLOCK) {
          return received;
        }
        Thread.onSpinWait();
      } while (System.nanoTime() - start < busyPollNanos);
    }
    return socket.receive(into, fds);
  }

  @Override
  public int receiveNow(MemorySegment into, ReceivedFds fds) throws LinuxException {
    return socket.receiveNow(into, fds);
  }

  @Override
  public void setUnbounded(boolean forever) throws LinuxException {
    if (forever != unbounded && !receiveTimeout.isZero()) {
      socket.receiveTimeout(forever ? Duration.ZERO : receiveTimeout);
      unbounded = forever;
    }
  }

  @Override
  public int receiveAll(MemorySegment into) throws LinuxException {
    return socket.receiveAll(into);
  }

  @Override
  public long sendNow(MemorySegment head, MemorySegment tail, long skip, List<Fd> fds) throws LinuxException {
    return socket.sendNow(head, tail, skip, fds);
  }

  @Override
  public int awaitWritable(boolean orReadable, long timeoutNanos) throws LinuxException {
    return sendPoller.awaitWritable(orReadable, timeoutNanos);
  }

  @Override
  public boolean awaitReadable(long timeoutNanos) throws LinuxException {
    return await(receivePoller, timeoutNanos) != 0;
  }

  @Override
  public int awaitReadable(Fd alarm, long timeoutNanos) throws LinuxException {
    if (eventPoller == null) {
      // In this order: if the kernel finds a message and then polls the alarm, it sees any signal sent before
      // the message.
      eventPoller = new Poller(socket.fd(), alarm);
    }
    long ready = await(eventPoller, timeoutNanos);
    return ((ready & 1) != 0 ? READABLE : 0) | ((ready & 2) != 0 ? EVENT : 0);
  }

  private long await(Poller poller, long timeoutNanos) throws LinuxException {
    if (busyPollNanos == 0 || timeoutNanos == 0) {
      return poller.awaitInterruptibly(timeoutNanos);
    }
    long limit = timeoutNanos < 0 ? busyPollNanos : Math.min(busyPollNanos, timeoutNanos);
    long start = System.nanoTime();
    do {
      long ready = poller.await(0);
      if (ready != 0) {
        return ready;
      }
      Thread.onSpinWait();
    } while (System.nanoTime() - start < limit);
    return poller.awaitInterruptibly(timeoutNanos < 0 ? timeoutNanos : timeoutNanos - limit);
  }

  @Override
  public void shutdown() {
    socket.shutdown();
  }

  @Override
  public void close() {
    receivePoller.close();
    sendPoller.close();
    if (eventPoller != null) {
      eventPoller.close();
    }
    socket.close();
  }
}
