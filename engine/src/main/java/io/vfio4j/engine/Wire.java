// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** A socket that does not block, and waiting for it; what the bytes on it mean is a transport's matter. */
final class Wire implements Closeable {

  /**
   * Bytes asked for. The usual 208 KiB are less than most frames, whose sender then waits several times until it is taken;
   * the system may give less. TCP finds a size by itself.
   */
  private static final int UNIX_BUFFER = 1 << 20;

  private final SocketChannel channel;

  /** One each, so that a thread may send while another receives. */
  private final Readiness readable;

  private final Readiness writable;
  private final String peer;

  private Wire(SocketChannel channel, Readiness readable, Readiness writable, String peer) {
    this.channel = channel;
    this.readable = readable;
    this.writable = writable;
    this.peer = peer;
  }

  /** Takes over a connected channel, and closes it if that fails. */
  static Wire over(SocketChannel channel, String peer) throws IOException {
    Readiness readable = null;
    Readiness writable = null;
    try {
      if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      } else {
        channel.setOption(StandardSocketOptions.SO_SNDBUF, UNIX_BUFFER);
      }
      channel.configureBlocking(false);
      readable = Readiness.of(channel, peer);
      writable = Readiness.of(channel, peer);
      return new Wire(channel, readable, writable, peer);
    } catch (IOException | RuntimeException e) {
      Closing.after(e, readable, writable, channel);
      throw e;
    }
  }

  /**
   * Connects.
   *
   * @throws StalledException if there is no answer in time
   * @throws IOException if nobody listens there, or the host is not known
   */
  static Wire connect(TransportAddress address, Duration timeout) throws IOException {
    SocketAddress resolved = address.resolve();
    SocketChannel channel = switch (address) {
      case TransportAddress.Unix _ -> SocketChannel.open(StandardProtocolFamily.UNIX);
      case TransportAddress.Tcp _ -> SocketChannel.open();
    };
    Wire wire = over(channel, address.toString());
    try {
      wire.finishConnect(resolved, timeout);
      return wire;
    } catch (IOException e) {
      IOException named =
          e instanceof StalledException ? e : new IOException(address + ": " + e.getMessage(), e);
      Closing.after(named, wire);
      throw named;
    }
  }

  private void finishConnect(SocketAddress address, Duration timeout) throws IOException {
    if (channel.connect(address)) {
      return;
    }
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!channel.finishConnect()) {
      if (!writable.await(SelectionKey.OP_CONNECT, deadline)) {
        throw new StalledException(peer, "did not answer", timeout);
      }
    }
  }

  /** Returns how many bytes came, which may be none, or -1 at the end. */
  int read(ByteBuffer into) throws IOException {
    return channel.read(into);
  }

  /** Returns how many bytes went, which may be none. */
  int write(ByteBuffer data) throws IOException {
    return channel.write(data);
  }

  /** Waits for input; may return early, and returns false at the deadline. */
  boolean awaitInput(long deadline) throws IOException {
    return readable.await(SelectionKey.OP_READ, deadline);
  }

  /** Waits for room; may return early, and returns false at the deadline. */
  boolean awaitRoom(long deadline) throws IOException {
    return writable.await(SelectionKey.OP_WRITE, deadline);
  }

  /** Tells whether there is something to read, were it only the end. */
  boolean hasInput() throws IOException {
    return readable.isNow(SelectionKey.OP_READ);
  }

  /** Sends all that remains. */
  void send(ByteBuffer data, Duration stall) throws IOException {
    long deadline = System.nanoTime() + stall.toNanos();
    while (data.hasRemaining()) {
      if (channel.write(data) > 0) {
        deadline = System.nanoTime() + stall.toNanos(); // A slow peer is not one that stalls.
      } else if (!awaitRoom(deadline)) {
        throw new StalledException(peer, "took nothing", stall);
      }
    }
  }

  /** Receives at least one byte, or -1 at the end. */
  int receive(ByteBuffer into, Duration stall) throws IOException {
    long deadline = System.nanoTime() + stall.toNanos();
    int count = channel.read(into);
    while (count == 0) {
      if (!awaitInput(deadline)) {
        throw new StalledException(peer, "sent nothing", stall);
      }
      count = channel.read(into);
    }
    return count;
  }

  /** Says that nothing more will be sent. */
  void shutdownOutput() throws IOException {
    channel.shutdownOutput();
  }

  SocketChannel channel() {
    return channel;
  }

  String peer() {
    return peer;
  }

  @Override
  public void close() throws IOException {
    try (readable; writable) {
      channel.close();
    }
  }
}
