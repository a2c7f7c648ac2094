// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.Errno;
import java.io.IOException;

/** The peer broke the protocol in such a way that nothing more it sends can be trusted. */
public final class ProtocolException extends IOException {

  private static final long serialVersionUID = 1;

  private final Errno errno;

  /** Makes an exception that says what the peer did. */
  public ProtocolException(String message) {
    this(message, Errno.EPROTO);
  }

  /**
   * Makes an exception for a peer that did nothing, or went away.
   *
   * @param message what it did
   * @param errno what stands for it, as in ETIMEDOUT
   */
  public ProtocolException(String message, Errno errno) {
    super(message);
    this.errno = errno;
  }

  /** Returns what stands for the peer's fault: EPROTO, ETIMEDOUT if it is silent, ECONNRESET if it is gone. */
  public Errno errno() {
    return errno;
  }
}
