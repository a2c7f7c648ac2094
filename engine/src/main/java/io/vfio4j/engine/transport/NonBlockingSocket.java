// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.util.Closeables;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.Interrupts;
import io.vfio4j.model.Errno;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * A non-blocking socket, and a wait for it with a deadline. As a transport it carries the bytes as they are (UNIX sockets);
 * {@link TlsTransport} encrypts them first.
 */
final class NonBlockingSocket implements Transport {

  /**
   * The size of the send buffer to request, in bytes. Most frames exceed the default of 208 KiB, so that their sender
   * blocks several times; the system may grant less. TCP sizes its buffer itself.
   */
  private static final int UNIX_BUFFER = 1 << 20;

  private static final long QUEUE_POLL_NANOS = 10_000_000;

  private final SocketChannel channel;

  /** One for each direction, so that one thread can send while another receives. */
  private final ChannelSelector readable;

  private final ChannelSelector writable;
  private final String peer;

  private NonBlockingSocket(SocketChannel channel, ChannelSelector readable, ChannelSelector writable,
      String peer) {
    this.channel = channel;
    this.readable = readable;
    this.writable = writable;
    this.peer = peer;
  }

  /** Wraps a connected channel, and closes it if that fails. */
  static NonBlockingSocket over(SocketChannel channel, String peer) throws IOException {
    ChannelSelector readable = null;
    ChannelSelector writable = null;
    try {
      if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      } else {
        channel.setOption(StandardSocketOptions.SO_SNDBUF, UNIX_BUFFER);
      }
      channel.configureBlocking(false);
      readable = ChannelSelector.of(channel, peer);
      writable = ChannelSelector.of(channel, peer);
      return new NonBlockingSocket(channel, readable, writable, peer);
    } catch (IOException | RuntimeException e) {
      Closeables.closeAfter(e, readable, writable, channel);
      throw e;
    }
  }

  /**
   * Connects.
   *
   * @throws StalledException if there is no answer in time
   * @throws IOException if no process listens there, or the host name cannot be resolved
   */
  static NonBlockingSocket connect(TransportAddress address, Duration timeout) throws IOException {
    SocketAddress resolved = resolve(address);
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      SocketChannel channel = switch (address) {
        case TransportAddress.Unix _ -> SocketChannel.open(StandardProtocolFamily.UNIX);
        case TransportAddress.Tcp _ -> SocketChannel.open();
      };
      NonBlockingSocket socket = over(channel, address.toString());
      try {
        socket.finishConnect(resolved, timeout, deadline);
        return socket;
      } catch (StalledException | InterruptedIOException e) {
        Closeables.closeAfter(e, socket);
        throw e;
      } catch (IOException e) {
        IOException named = notConnected(address, reason(address, e), e);
        Closeables.closeAfter(named, socket);
        if (!isQueueFull(e)) {
          throw named;
        }
        awaitQueue(address, timeout, deadline);
      }
    }
  }

  private static SocketAddress resolve(TransportAddress address) throws IOException {
    try {
      return address.resolve();
    } catch (IOException e) {
      throw notConnected(address, Exceptions.message(e), e);
    }
  }

  private static IOException notConnected(TransportAddress address, String reason, IOException cause) {
    return new IOException("cannot connect to %s: %s".formatted(address, reason), cause);
  }

  /** The system reports a file that is not a socket like a socket without a listener: ECONNREFUSED. */
  private static String reason(TransportAddress address, IOException failure) {
    return address instanceof TransportAddress.Unix unix && Files.exists(unix.path())
        && !UnixSocketFile.isSocket(unix.path()) ? "it is not a socket" : SocketErrors.message(failure);
  }

  /** The backlog of a UNIX socket is full: unlike TCP, a non-blocking connect fails instead of waiting for room. */
  private static boolean isQueueFull(IOException failure) {
    return SocketErrors.errno(failure).filter(Errno.EAGAIN::equals).isPresent();
  }

  private static void awaitQueue(TransportAddress address, Duration timeout, long deadline)
      throws IOException {
    Interrupts.check();
    if (System.nanoTime() - deadline >= 0) {
      throw new StalledException(address.toString(), "accepted no further connection", timeout);
    }
    LockSupport.parkNanos(QUEUE_POLL_NANOS);
  }

  private void finishConnect(SocketAddress address, Duration timeout, long deadline) throws IOException {
    if (channel.connect(address)) {
      return;
    }
    while (!channel.finishConnect()) {
      if (!writable.await(SelectionKey.OP_CONNECT, deadline)) {
        throw new StalledException(peer, "did not answer", timeout);
      }
    }
  }

  /**
   * Returns the number of bytes read, 0 if there are none, -1 at the end.
   *
   * @throws ConnectionBrokenException if the connection broke
   */
  int read(ByteBuffer into) throws IOException {
    try {
      return channel.read(into);
    } catch (IOException e) {
      throw broken(e);
    }
  }

  /**
   * Returns the number of bytes written, 0 if there is no space.
   *
   * @throws ConnectionBrokenException if the connection broke, or the other end is closed
   */
  int write(ByteBuffer data) throws IOException {
    try {
      return channel.write(data);
    } catch (IOException e) {
      throw broken(e);
    }
  }

  private IOException broken(IOException failure) {
    return failure instanceof ClosedChannelException
        ? new IOException("the connection to " + peer + " was closed", failure)
        : new ConnectionBrokenException(peer, failure);
  }

  /** Waits for input; may return early, and returns false at the deadline. */
  boolean awaitInput(long deadline) throws IOException {
    return readable.await(SelectionKey.OP_READ, deadline);
  }

  /** Waits for space; may return early, and returns false at the deadline. */
  boolean awaitRoom(long deadline) throws IOException {
    return writable.await(SelectionKey.OP_WRITE, deadline);
  }

  @Override
  public boolean hasInput() throws IOException {
    return readable.isReady(SelectionKey.OP_READ);
  }

  /**
   * The system reports a socket as writable only if much of its buffer is free: then a frame without payload fits as a
   * whole.
   */
  @Override
  public boolean hasRoom() throws IOException {
    return writable.isReady(SelectionKey.OP_WRITE);
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    long deadline = System.nanoTime() + stall.toNanos();
    while (data.hasRemaining()) {
      if (write(data) > 0) {
        deadline = System.nanoTime() + stall.toNanos(); // A slow peer has not stalled.
      } else if (!awaitRoom(deadline)) {
        throw new StalledException(peer, "took nothing", stall);
      }
    }
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    long deadline = System.nanoTime() + stall.toNanos();
    int count = read(into);
    while (count == 0) {
      if (!awaitInput(deadline)) {
        throw new StalledException(peer, "sent nothing", stall);
      }
      count = read(into);
    }
    return count;
  }

  /** Announces that nothing more will be sent. */
  void shutdownOutput() throws IOException {
    channel.shutdownOutput();
  }

  SocketChannel channel() {
    return channel;
  }

  @Override
  public String peer() {
    return peer;
  }

  @Override
  public void close() throws IOException {
    try (readable; writable) {
      channel.close();
    }
  }
}
