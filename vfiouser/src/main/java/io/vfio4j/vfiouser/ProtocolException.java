// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import java.io.IOException;

/** The peer broke the protocol in such a way that nothing more it sends can be trusted. */
public final class ProtocolException extends IOException {

  private static final long serialVersionUID = 1;

  /** Makes an exception that says what the peer did. */
  public ProtocolException(String message) {
    super(message);
  }
}
