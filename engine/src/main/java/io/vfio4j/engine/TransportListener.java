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
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the other side of a migration. A UNIX socket is open to its user alone (mode 0600) and unlinked
 * at the end; a stale one is replaced, a live one is left alone. Over TCP several may be in their handshake
 * at a time, so that one that says nothing holds up nobody.
 */
public final class TransportListener implements Closeable {

  /** How long a client may take for its handshake, however busily. */
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  private static final int BACKLOG = 16;

  private final ServerSocketChannel channel;
  private final Selector selector;
  private final @Nullable UnixSocketFile file;
  private final TransportAddress address;
  private final PeerPolicy policy;
  private final Consumer<PeerRefusedException> refusals;
  private final Admission admission;

  private TransportListener(ServerSocketChannel channel, Selector selector, @Nullable UnixSocketFile file,
      TransportAddress address, PeerPolicy policy, Consumer<PeerRefusedException> refusals,
      Duration handshake) {
    this.channel = channel;
    this.selector = selector;
    this.file = file;
    this.address = address;
    this.policy = policy;
    this.refusals = refusals;
    this.admission = new Admission(handshake, refusals, selector::wakeup);
  }

  /**
   * Begins to listen.
   *
   * @param address where
   * @param policy who may connect
   * @param refusals hears of each who was refused, in any thread; the listener goes on
   * @throws IOException if the address is in use, is not of this machine, or its path is not a socket
   * @throws IllegalArgumentException if the address is TCP and the policy has no keys
   */
  public static TransportListener open(TransportAddress address, PeerPolicy policy,
      Consumer<PeerRefusedException> refusals) throws IOException {
    return open(address, policy, refusals, HANDSHAKE);
  }

  static TransportListener open(TransportAddress address, PeerPolicy policy,
      Consumer<PeerRefusedException> refusals, Duration handshake) throws IOException {
    if (address instanceof TransportAddress.Tcp) {
      policy.keysFor(address);
    }
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
        case TransportAddress.Unix unix -> new TransportListener(channel, selector,
            UnixSocketFile.bind(channel, unix), unix, policy, refusals, handshake);
        case TransportAddress.Tcp tcp -> new TransportListener(channel, selector, null, bind(channel, tcp),
            policy, refusals, handshake);
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
      channel.bind(tcp.resolve(), BACKLOG);
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
   * Waits for somebody to connect who may. Who may not is told to those who want to hear of it, and waiting
   * goes on.
   *
   * @param timeout how long
   * @throws StalledException if nobody does
   * @throws IOException if the listener is closed, also by another thread
   */
  public Transport accept(Duration timeout) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      Optional<Transport> admitted = next();
      if (admitted.isPresent()) {
        return admitted.get();
      }
      Interrupted.check();
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new StalledException(address.toString(), "saw nobody connect", timeout);
      }
      awaitClient(left);
    }
  }

  /** Takes in who has connected, and returns one who may come in, if there is one. */
  private Optional<Transport> next() throws IOException {
    for (SocketChannel accepted = channel.accept(); accepted != null; accepted = channel.accept()) {
      Wire wire = Wire.over(accepted, nameOf(accepted));
      if (address instanceof TransportAddress.Tcp) {
        admission.begin(wire, policy.keysFor(address).listening(policy.name()));
      } else if (isWelcome(wire)) {
        return Optional.of(new SocketTransport(wire));
      }
    }
    return admission.next();
  }

  private boolean isWelcome(Wire wire) throws IOException {
    try {
      PeerUser.check(wire.channel(), wire.peer(), policy.user());
      return true;
    } catch (PeerRefusedException e) {
      Closing.after(e, wire);
      refusals.accept(e);
      return false;
    } catch (IOException | RuntimeException e) {
      Closing.after(e, wire);
      throw e;
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
    try (selector; channel; admission) {
      if (file != null) {
        file.unlink();
      }
    }
  }
}
