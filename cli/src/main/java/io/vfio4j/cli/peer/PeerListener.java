// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import java.io.IOException;

/**
 * A listener that closes without failing: a socket file that cannot be removed is only a warning.
 *
 * @param listener the listener
 * @param output receives the warning
 */
public record PeerListener(TransportListener listener, Output output) implements AutoCloseable {

  /**
   * Starts to listen.
   *
   * @param rejections receives the peers that were rejected
   * @throws IOException as {@link TransportListener#open}
   */
  public static PeerListener open(TransportAddress address, PeerPolicy policy, RejectionLog rejections,
      Output output)
      throws IOException {
    return new PeerListener(TransportListener.open(address, policy, rejections), output);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      output.warning(
          "closing the listener at %s failed: %s; remove its socket file if it still exists"
              .formatted(listener.address(), ErrorMessages.describe(e)));
    }
  }
}
