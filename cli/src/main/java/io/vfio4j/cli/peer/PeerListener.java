// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.peer;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.transport.PeerPolicy;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.engine.transport.TransportListener;
import java.io.IOException;

/**
 * A listener whose end changes nothing about what came of listening: a socket file that cannot be removed is a warning.
 *
 * @param listener what it holds
 * @param output takes the warning
 */
public record PeerListener(TransportListener listener, Output output) implements AutoCloseable {

  /**
   * Begins to listen.
   *
   * @throws IOException as {@link TransportListener#open}
   */
  public static PeerListener open(TransportAddress address, PeerPolicy policy, RejectionLog refusals,
      Output output)
      throws IOException {
    return new PeerListener(TransportListener.open(address, policy, refusals), output);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      output.warning(
          "vfio4j: what listened at %s did not end in order: %s; its socket file may be left, remove it"
              .formatted(listener.address(), ErrorMessages.describe(e)));
    }
  }
}
