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
 * A connection from a peer that may be there.
 *
 * @param transport the connection
 * @param origin where it comes from, for quotas
 */
record AcceptedConnection(Transport transport, String origin) implements Closeable {

  private static final int NETWORK_BYTES = 8;

  /** Returns the origin of an address: the host's, where IPv6 gives a host a network of 64 bits. */
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
