// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.io.IOException;

/** The kernel reported an error on a connection, for example a reset because the peer closed it with unread data. */
final class ConnectionBrokenException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Names the peer and the errno.
   *
   * @param cause the error as the JDK reports it
   */
  ConnectionBrokenException(String peer, IOException cause) {
    super("the connection to %s broke: %s".formatted(peer, SocketErrors.message(cause)), cause);
  }
}
