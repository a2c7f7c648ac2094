// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.util.Closeables;
import java.io.IOException;
import java.time.Duration;

/** Connects to the other side of a migration, and makes sure that it is the right one. */
public final class TransportConnector {

  private TransportConnector() {
  }

  /**
   * Connects.
   *
   * @param address where somebody listens
   * @param policy who may be there
   * @param timeout how long to wait for the connection and for the other side to say who it is, together
   * @throws StalledException if there is no connection in time
   * @throws PeerRefusedException if somebody else is there
   * @throws IOException if nobody listens there, or the host is not known
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
   * Connects as {@link #connect} does, and once more if the connection goes before the other side has sent anything: one to
   * which many connect closes some connections.
   *
   * @param address where somebody listens
   * @param policy who may be there
   * @param timeout how long to wait, each time
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
