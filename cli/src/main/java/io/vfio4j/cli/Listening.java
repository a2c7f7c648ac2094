// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

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
record Listening(TransportListener listener, Output output) implements AutoCloseable {

  /**
   * Begins to listen.
   *
   * @throws IOException as {@link TransportListener#open}
   */
  static Listening at(TransportAddress address, PeerPolicy policy, Refusals refusals, Output output)
      throws IOException {
    return new Listening(TransportListener.open(address, policy, refusals), output);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      output.warning(
          "vfio4j: what listened at %s did not end in order: %s; its socket file may be left, remove it"
              .formatted(listener.address(), Failures.words(e)));
    }
  }
}
