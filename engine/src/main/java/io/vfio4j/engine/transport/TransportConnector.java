// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.util.Closeables;
import java.io.IOException;
import java.time.Duration;

/** Connects to the other side of a migration, and authenticates it. */
public final class TransportConnector {

  private TransportConnector() {
  }

  /**
   * Connects.
   *
   * @param address the listening side
   * @param policy which peers are accepted
   * @param timeout for the connection and the handshake together
   * @throws StalledException if there is no connection in time
   * @throws PeerRefusedException if the peer is not accepted
   * @throws IOException if no process listens there, or the host name cannot be resolved
   * @throws IllegalArgumentException if the address is TCP and the policy has no keys
   */
  public static Transport connect(TransportAddress address, PeerPolicy policy, Duration timeout)
      throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    return switch (address) {
      case TransportAddress.Unix unix -> connectUnix(unix, policy, timeout);
      case TransportAddress.Tcp tcp -> {
        TlsSession session = policy.keysFor(tcp).clientSession(policy.name().orElse(tcp.host()), tcp.port());
        yield TlsHandshake.connect(NonBlockingSocket.connect(tcp, timeout), session, deadline);
      }
    };
  }

  /**
   * Connects as {@link #connect} does, and reconnects once if the connection ends before the peer has sent anything: a
   * listener with many pending peers evicts some.
   *
   * @param address the listening side
   * @param policy which peers are accepted
   * @param timeout for each attempt
   * @throws IOException as {@link #connect} does
   */
  public static Transport connectWithRetry(TransportAddress address, PeerPolicy policy, Duration timeout)
      throws IOException {
    Transport first;
    try {
      first = connect(address, policy, timeout);
    } catch (PeerRefusedException e) {
      if (e.reason() != PeerRefusedException.Reason.GONE) {
        throw e;
      }
      return reconnect(address, policy, timeout, e);
    }
    return new ReconnectingTransport(first, () -> connect(address, policy, timeout));
  }

  private static Transport reconnect(TransportAddress address, PeerPolicy policy, Duration timeout,
      PeerRefusedException before) throws IOException {
    try {
      return connect(address, policy, timeout);
    } catch (IOException e) {
      e.addSuppressed(before);
      throw e;
    }
  }

  private static Transport connectUnix(TransportAddress.Unix address, PeerPolicy policy, Duration timeout)
      throws IOException {
    NonBlockingSocket socket = NonBlockingSocket.connect(address, timeout);
    try {
      PeerCredentials.check(socket.channel(), socket.peer(), policy.user());
      return socket;
    } catch (IOException | RuntimeException e) {
      Closeables.closeAfter(e, socket);
      throw e;
    }
  }
}
