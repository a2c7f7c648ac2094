// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.Errno;
import java.io.IOException;

/** The peer violated the protocol, or is gone: the rest of its stream cannot be used. */
public final class ProtocolException extends IOException {

  private static final long serialVersionUID = 1;

  private final Errno errno;

  /** Creates an exception for a violation of the protocol, with EPROTO. */
  public ProtocolException(String message) {
    this(message, Errno.EPROTO);
  }

  /**
   * Creates an exception for a peer that is silent or gone.
   *
   * @param message the failure
   * @param errno its errno, such as ETIMEDOUT
   */
  public ProtocolException(String message, Errno errno) {
    super(message);
    this.errno = errno;
  }

  /** Creates an exception with a cause. */
  public ProtocolException(String message, Errno errno, Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  /**
   * Returns EPROTO for a violation of the protocol, ETIMEDOUT if the peer is silent, ECONNRESET if it is
   * gone.
   */
  public Errno errno() {
    return errno;
  }
}
