// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the other side of a migration. A UNIX socket is open to its user alone (mode 0600) and unlinked
 * at the end; a stale one is replaced, a live one is left alone.
 */
public final class TransportListener implements Closeable {

  private final ServerSocketChannel channel;
  private final Selector selector;
  private final @Nullable UnixSocketFile file;
  private final TransportAddress address;

  private TransportListener(ServerSocketChannel channel, Selector selector, @Nullable UnixSocketFile file,
      TransportAddress address) {
    this.channel = channel;
    this.selector = selector;
    this.file = file;
    this.address = address;
  }

  /**
   * Begins to listen.
   *
   * @param address where
   * @throws IOException if the address is in use, is not of this machine, or its path is not a socket
   */
  public static TransportListener open(TransportAddress address) throws IOException {
    ServerSocketChannel channel = switch (address) {
      case TransportAddress.Unix _ -> ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      case TransportAddress.Tcp _ -> ServerSocketChannel.open();
    };
    Selector selector = null;
    try {
      selector = Selector.open();
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_ACCEPT);
      return switch (address) {
        case TransportAddress.Unix unix ->
          new TransportListener(channel, selector, UnixSocketFile.bind(channel, unix), unix);
        case TransportAddress.Tcp tcp -> new TransportListener(channel, selector, null, bind(channel, tcp));
      };
    } catch (IOException | RuntimeException e) {
      Closing.after(e, selector, channel);
      throw e;
    }
  }

  private static TransportAddress.Tcp bind(ServerSocketChannel channel, TransportAddress.Tcp tcp)
      throws IOException {
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    try {
      channel.bind(tcp.resolve(), 1);
    } catch (IOException e) {
      throw new IOException(tcp + ": " + e.getMessage(), e);
    }
    return new TransportAddress.Tcp(tcp.host(), ((InetSocketAddress) channel.getLocalAddress()).getPort());
  }

  /** Returns the address with the port that the system chose, where it did. */
  public TransportAddress address() {
    return address;
  }

  /**
   * Waits for somebody to connect.
   *
   * @param timeout how long
   * @throws StalledException if nobody does
   * @throws IOException if the listener is closed, also by another thread
   */
  public SocketTransport accept(Duration timeout) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      SocketChannel accepted = channel.accept();
      if (accepted != null) {
        return SocketTransport.over(accepted, nameOf(accepted));
      }
      Interrupted.check();
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new StalledException(address.toString(), "saw nobody connect", timeout);
      }
      awaitClient(left);
    }
  }

  private void awaitClient(long nanos) throws IOException {
    try {
      selector.selectedKeys().clear();
      selector.select(nanos / 1_000_000 + 1);
    } catch (ClosedSelectorException e) {
      throw new IOException(address + ": no longer listened on", e);
    }
  }

  private String nameOf(SocketChannel accepted) throws IOException {
    return accepted.getRemoteAddress() instanceof InetSocketAddress remote
        ? new TransportAddress.Tcp(remote.getAddress().getHostAddress(), remote.getPort()).toString()
        : "the client of " + address;
  }

  /** Ends listening and unlinks the UNIX socket. Connections that were accepted stay. */
  @Override
  public void close() throws IOException {
    try (selector; channel) {
      if (file != null) {
        file.unlink();
      }
    }
  }
}
