// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportConnector;
import java.io.IOException;
import java.time.Duration;

/**
 * A peer to connect to.
 *
 * @param address its address
 * @param policy the identities accepted at the address
 */
public record PeerEndpoint(TransportAddress address, PeerPolicy policy) {

  public Transport connect(Duration timeout) throws IOException {
    return TransportConnector.connect(address, policy, timeout);
  }
}
