// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.Closeable;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A connection from an authorised peer.
 *
 * @param origin the peer's host, for quotas
 */
record AcceptedConnection(Transport transport, String origin) implements Closeable {

  private static final int NETWORK_BYTES = 8;

  /** Returns the origin of an address: the host; with IPv6 its network of 64 bits, all of which one host may use. */
  static String originOf(SocketAddress remote) {
    if (!(remote instanceof InetSocketAddress inet)) {
      return "";
    }
    byte[] address = inet.getAddress().getAddress();
    return HexFormat.of().formatHex(
        inet.getAddress() instanceof Inet6Address ? Arrays.copyOf(address, NETWORK_BYTES) : address);
  }

  @Override
  public void close() throws IOException {
    transport.close();
  }
}
