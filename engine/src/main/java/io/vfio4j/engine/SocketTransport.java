// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** A transport over a UNIX or TCP socket. */
public final class SocketTransport implements Transport {

  private final SocketChannel channel;
  private final Selector selector;
  private final SelectionKey key;
  private final String peer;

  private SocketTransport(SocketChannel channel, Selector selector, String peer) throws IOException {
    this.channel = channel;
    this.selector = selector;
    this.peer = peer;
    channel.configureBlocking(false);
    this.key = channel.register(selector, 0);
  }

  /** Takes over a connected channel, and closes it if that fails. */
  static SocketTransport over(SocketChannel channel, String peer) throws IOException {
    Selector selector = null;
    try {
      selector = Selector.open();
      if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      }
      return new SocketTransport(channel, selector, peer);
    } catch (IOException | RuntimeException e) {
      Closing.after(e, selector, channel);
      throw e;
    }
  }

  /**
   * Connects.
   *
   * @param address where somebody listens
   * @param timeout how long to wait for the connection
   * @throws StalledException if there is no answer in time
   * @throws IOException if nobody listens there, or the host is not known
   */
  public static SocketTransport connect(TransportAddress address, Duration timeout) throws IOException {
    SocketAddress resolved = address.resolve();
    SocketChannel channel = switch (address) {
      case TransportAddress.Unix _ -> SocketChannel.open(StandardProtocolFamily.UNIX);
      case TransportAddress.Tcp _ -> SocketChannel.open();
    };
    SocketTransport transport = over(channel, address.toString());
    try {
      transport.finishConnect(resolved, timeout);
      return transport;
    } catch (IOException e) {
      IOException named =
          e instanceof StalledException ? e : new IOException(address + ": " + e.getMessage(), e);
      Closing.after(named, transport);
      throw named;
    }
  }

  private void finishConnect(SocketAddress address, Duration timeout) throws IOException {
    if (channel.connect(address)) {
      return;
    }
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!channel.finishConnect()) {
      if (!awaitReady(SelectionKey.OP_CONNECT, deadline)) {
        throw new StalledException(peer, "did not answer", timeout);
      }
    }
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    long deadline = System.nanoTime() + stall.toNanos();
    while (data.hasRemaining()) {
      if (channel.write(data) > 0) {
        deadline = System.nanoTime() + stall.toNanos(); // A slow peer is not one that stalls.
      } else if (!awaitReady(SelectionKey.OP_WRITE, deadline)) {
        throw new StalledException(peer, "took nothing", stall);
      }
    }
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    long deadline = System.nanoTime() + stall.toNanos();
    int count = channel.read(into);
    while (count == 0) {
      if (!awaitReady(SelectionKey.OP_READ, deadline)) {
        throw new StalledException(peer, "sent nothing", stall);
      }
      count = channel.read(into);
    }
    return count;
  }

  @Override
  public boolean hasInput() throws IOException {
    try {
      key.interestOps(SelectionKey.OP_READ);
      selector.selectedKeys().clear();
      return selector.selectNow() > 0;
    } catch (CancelledKeyException | ClosedSelectorException e) {
      throw closedMeanwhile(e);
    }
  }

  /** Waits for the channel to become ready; may return early, and returns false at the deadline. */
  private boolean awaitReady(int operation, long deadline) throws IOException {
    Interrupted.check(); // A selector would return at once, again and again.
    long left = deadline - System.nanoTime();
    if (left <= 0) {
      return false;
    }
    try {
      key.interestOps(operation);
      selector.selectedKeys().clear();
      selector.select(left / 1_000_000 + 1);
      return true;
    } catch (CancelledKeyException | ClosedSelectorException e) {
      throw closedMeanwhile(e);
    }
  }

  private IOException closedMeanwhile(RuntimeException cause) {
    return new IOException("the connection to " + peer + " was closed", cause);
  }

  @Override
  public String peer() {
    return peer;
  }

  @Override
  public void close() throws IOException {
    try (selector) {
      channel.close();
    }
  }
}
