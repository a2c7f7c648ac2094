// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.io.IOException;

/** The kernel reported an error of a connection, as when the other end was closed with data unread. */
final class ConnectionBrokenException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Makes an exception.
   *
   * @param peer who was at the other end
   * @param cause what the JDK made of the error
   */
  ConnectionBrokenException(String peer, IOException cause) {
    super("the connection to %s broke: %s".formatted(peer, SocketErrors.message(cause)), cause);
  }
}
