// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

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
        TlsSession session = policy.keysFor(tcp).connecting(policy.name().orElse(tcp.host()), tcp.port());
        yield TlsHandshake.over(Wire.connect(tcp, timeout), session, deadline);
      }
    };
  }

  private static Transport connectUnix(TransportAddress.Unix address, PeerPolicy policy, Duration timeout)
      throws IOException {
    Wire wire = Wire.connect(address, timeout);
    try {
      PeerUser.check(wire.channel(), wire.peer(), policy.user());
      return new SocketTransport(wire);
    } catch (IOException | RuntimeException e) {
      Closing.after(e, wire);
      throw e;
    }
  }
}
