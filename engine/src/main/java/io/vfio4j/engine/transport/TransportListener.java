// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.util.Closeables;
import io.vfio4j.engine.util.Exceptions;
import io.vfio4j.engine.util.Interrupts;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Accepts the other side of a migration. A UNIX socket is accessible to its user only (mode 0600) and unlinked at the
 * end; a stale one is replaced, one in use is an error. Several peers may be in their TLS handshake, or about to send their
 * first frame, at the same time, so that a silent peer does not delay others.
 */
public final class TransportListener implements Closeable {

  /** The timeout of a whole TLS handshake. */
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  /** The timeout of the whole first frame: a source queries its devices before it sends it. */
  private static final Duration FIRST_FRAME = Duration.ofSeconds(30);

  /** The time in which a peer that has begun its first frame is not evicted. */
  private static final Duration EVICTION_GRACE = Duration.ofMillis(500);

  /** The maximum number of peers of one address in their TLS handshake. */
  private static final int HANDSHAKES_OF_ONE_ADDRESS = HandshakeQueue.MAX_PENDING / 2;

  private static final int BACKLOG = 128;

  /** Authorised peers share one quota. */
  private static final String ANY_ORIGIN = "";

  private final ServerSocketChannel channel;
  private final Selector selector;
  private final SelectionKey key;
  private final @Nullable UnixSocketFile file;
  private final TransportAddress address;
  private final PeerPolicy policy;
  private final Consumer<PeerRefusedException> rejections;
  private final HandshakeQueue<AcceptedConnection> handshakes;
  private final HandshakeQueue<OpenedTransport> firstFrames;

  /** A listening socket, and its file if it is a UNIX socket. */
  private record ListeningSocket(ServerSocketChannel channel, SelectionKey key, @Nullable UnixSocketFile file,
      TransportAddress address) {
  }

  private TransportListener(ListeningSocket socket, PeerPolicy policy,
      Consumer<PeerRefusedException> rejections, Timeouts timeouts) {
    this.channel = socket.channel();
    this.selector = socket.key().selector();
    this.key = socket.key();
    this.file = socket.file();
    this.address = socket.address();
    this.policy = policy;
    this.rejections = rejections;
    this.handshakes =
        new HandshakeQueue<>(new HandshakeQueue.Limits("its TLS handshake", HANDSHAKES_OF_ONE_ADDRESS,
            timeouts.handshake(), Duration.ZERO), rejections, selector::wakeup);
    this.firstFrames = new HandshakeQueue<>(
        new HandshakeQueue.Limits("the wait for its first frame", HandshakeQueue.MAX_PENDING,
            timeouts.firstFrame(), EVICTION_GRACE),
        rejections, selector::wakeup);
  }

  /**
   * Timeouts for a peer.
   *
   * @param handshake for the whole TLS handshake
   * @param firstFrame for the whole first frame
   */
  record Timeouts(Duration handshake, Duration firstFrame) {
  }

  /**
   * Listens on an address.
   *
   * @param policy which peers are accepted
   * @param rejections is notified of each rejected peer, in any thread; the listener keeps listening
   * @throws IOException if the address is in use or not local, or its path is not a socket
   * @throws IllegalArgumentException if the address is TCP and the policy has no keys
   */
  public static TransportListener open(TransportAddress address, PeerPolicy policy,
      Consumer<PeerRefusedException> rejections) throws IOException {
    return open(address, policy, rejections, new Timeouts(HANDSHAKE, FIRST_FRAME));
  }

  static TransportListener open(TransportAddress address, PeerPolicy policy,
      Consumer<PeerRefusedException> rejections, Timeouts timeouts) throws IOException {
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
      SelectionKey key = channel.register(selector, SelectionKey.OP_ACCEPT);
      ListeningSocket socket = switch (address) {
        case TransportAddress.Unix unix -> new ListeningSocket(channel, key,
            UnixSocketFile.bind(channel, unix, BACKLOG), unix);
        case TransportAddress.Tcp tcp -> new ListeningSocket(channel, key, null, bind(channel, tcp));
      };
      return new TransportListener(socket, policy, rejections, timeouts);
    } catch (IOException | RuntimeException e) {
      Closeables.closeAfter(e, selector, channel);
      throw e;
    }
  }

  private static TransportAddress.Tcp bind(ServerSocketChannel channel, TransportAddress.Tcp tcp)
      throws IOException {
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    try {
      channel.bind(tcp.resolve(), BACKLOG);
    } catch (IOException e) {
      throw new IOException("cannot listen on %s: %s".formatted(tcp, SocketErrors.message(e)), e);
    }
    return new TransportAddress.Tcp(tcp.host(), ((InetSocketAddress) channel.getLocalAddress()).getPort());
  }

  /** Returns the address, with the port that the system chose if it was 0. */
  public TransportAddress address() {
    return address;
  }

  /**
   * Accepts the next authorised connection; rejected peers are reported to the observer.
   *
   * @throws StalledException if no peer connects in time
   * @throws IOException if the listener is closed, also by another thread
   */
  public Transport accept(Duration timeout) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    Optional<AcceptedConnection> accepted = next();
    while (accepted.isEmpty()) {
      await(true, deadline, timeout);
      accepted = next();
    }
    return accepted.get().transport();
  }

  /**
   * Accepts the next authorised connection whose first frame has arrived, as {@link #accept} does. Peers that disconnect,
   * send nothing or something else are rejected and reported, and do not delay others.
   *
   * @param wanted selects the first frame; others are kept for a later call
   */
  OpenedTransport acceptOpened(Duration timeout, Predicate<FrameKind> wanted) throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      Optional<OpenedTransport> opened = firstFrames.next(transport -> wanted.test(transport.kind()));
      if (opened.isPresent()) {
        return opened.get();
      }
      boolean hasRoom = firstFrames.hasRoom(ANY_ORIGIN);
      Optional<AcceptedConnection> accepted = hasRoom ? next() : Optional.empty();
      if (accepted.isPresent()) {
        beginFirstFrame(accepted.get());
      } else {
        await(hasRoom, deadline, timeout);
      }
    }
  }

  private void beginFirstFrame(AcceptedConnection accepted) throws IOException {
    Transport transport = accepted.transport();
    firstFrames.begin(transport, transport.peer(), ANY_ORIGIN, isSending(transport),
        candidate -> FirstFrame.await(transport, candidate));
  }

  private static boolean isSending(Transport transport) {
    try {
      return transport.hasInput();
    } catch (IOException e) {
      return true; // The receiver gets it too, and reports it.
    }
  }

  /** Accepts what has connected, and returns the next authorised connection, if any. */
  private Optional<AcceptedConnection> next() throws IOException {
    for (SocketChannel accepted = channel.accept(); accepted != null; accepted = channel.accept()) {
      SocketAddress remote = accepted.getRemoteAddress();
      NonBlockingSocket socket = socket(accepted, nameOf(remote));
      if (socket == null) {
        continue;
      }
      if (address instanceof TransportAddress.Tcp) {
        beginHandshake(socket, AcceptedConnection.originOf(remote));
      } else if (isAuthorised(socket)) {
        return Optional.of(new AcceptedConnection(socket, ANY_ORIGIN));
      }
    }
    return handshakes.next(_ -> true);
  }

  /** Returns null if the connection is unusable, which is reported. */
  private @Nullable NonBlockingSocket socket(SocketChannel accepted, String peer) {
    try {
      return NonBlockingSocket.over(accepted, peer);
    } catch (IOException e) {
      rejections.accept(new PeerRefusedException(peer, PeerRefusedException.Reason.BROKEN,
          "its connection cannot be used: " + Exceptions.message(e), e));
      return null;
    }
  }

  private void beginHandshake(NonBlockingSocket socket, String origin) throws IOException {
    handshakes.begin(socket, socket.peer(), origin, false, candidate -> new AcceptedConnection(
        TlsHandshake.accept(socket, () -> policy.keysFor(address).serverSession(policy.name()), candidate),
        origin));
  }

  private boolean isAuthorised(NonBlockingSocket socket) throws IOException {
    try {
      PeerCredentials.check(socket.channel(), socket.peer(), policy.user());
      return true;
    } catch (PeerRefusedException e) {
      Closeables.closeAfter(e, socket);
      rejections.accept(e);
      return false;
    } catch (IOException | RuntimeException e) {
      Closeables.closeAfter(e, socket);
      throw e;
    }
  }

  /**
   * Waits until a handshake has ended, or a peer has connected if there is room for one.
   *
   * @throws StalledException at the deadline
   */
  private void await(boolean hasRoom, long deadline, Duration timeout) throws IOException {
    Interrupts.check();
    long left = deadline - System.nanoTime();
    if (left <= 0) {
      throw new StalledException(address.toString(), "got no connection", timeout);
    }
    try {
      key.interestOps(hasRoom ? SelectionKey.OP_ACCEPT : 0);
      selector.selectedKeys().clear();
      selector.select((hasRoom ? left : Math.min(left, EVICTION_GRACE.toNanos())) / 1_000_000 + 1);
    } catch (ClosedSelectorException | CancelledKeyException e) {
      throw new IOException(address + ": the listener is closed", e);
    }
  }

  private String nameOf(SocketAddress remote) {
    return remote instanceof InetSocketAddress inet
        ? new TransportAddress.Tcp(inet.getAddress().getHostAddress(), inet.getPort()).toString()
        : "the client of " + address;
  }

  /** Stops listening and unlinks the UNIX socket. Accepted connections stay open. */
  @Override
  public void close() throws IOException {
    try (selector; channel; handshakes; firstFrames) {
      if (file != null) {
        file.unlink();
      }
    }
  }
}
