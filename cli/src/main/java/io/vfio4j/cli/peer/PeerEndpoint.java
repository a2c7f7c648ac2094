// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportConnector;
import java.io.IOException;
import java.time.Duration;

/**
 * Somebody who can be connected to.
 *
 * @param address where
 * @param policy who has to be there
 */
public record PeerEndpoint(TransportAddress address, PeerPolicy policy) {

  public Transport connect(Duration patience) throws IOException {
    return TransportConnector.connect(address, policy, patience);
  }
}
