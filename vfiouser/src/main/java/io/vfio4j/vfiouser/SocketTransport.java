// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.ReceivedFds;
import io.vfio4j.linux.UnixSocket;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/** Messages over a UNIX socket. */
final class SocketTransport implements MessageTransport {

  /** Room for a whole message of the largest usual size, so that its sender need not wait for the reader. */
  private static final int SOCKET_BUFFER = 2 << 20;

  private final UnixSocket socket;
  private final Duration receiveTimeout;
  private final Poller poller;
  private boolean forever;

  SocketTransport(UnixSocket socket, Duration receiveTimeout, Duration sendTimeout) throws LinuxException {
    this.socket = socket;
    this.receiveTimeout = receiveTimeout;
    socket.receiveTimeout(receiveTimeout);
    socket.sendTimeout(sendTimeout);
    socket.bufferSize(SOCKET_BUFFER);
    this.poller = new Poller(socket.fd());
  }

  @Override
  public int receive(MemorySegment into, ReceivedFds fds) throws LinuxException {
    return socket.receive(into, fds);
  }

  @Override
  public void waitsForever(boolean wanted) throws LinuxException {
    if (wanted != forever) {
      socket.receiveTimeout(wanted ? Duration.ZERO : receiveTimeout);
      forever = wanted;
    }
  }

  @Override
  public int receiveAll(MemorySegment into) throws LinuxException {
    return socket.receiveAll(into);
  }

  @Override
  public void send(MemorySegment head, MemorySegment tail, List<Fd> fds) throws LinuxException {
    socket.send(head, tail, fds);
  }

  @Override
  public boolean awaitReadable(long timeoutNanos) throws LinuxException {
    return poller.await(timeoutNanos) != 0;
  }

  @Override
  public void shutdown() {
    socket.shutdown();
  }

  @Override
  public void close() {
    poller.close();
    socket.close();
  }
}
