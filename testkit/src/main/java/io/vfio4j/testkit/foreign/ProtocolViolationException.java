// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.io.IOException;

/** What a foreign peer has against the one that it talks to: a breach of the protocol, or what it cannot bear. */
public final class ProtocolViolationException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Makes a complaint.
   *
   * @param message what is wrong
   */
  public ProtocolViolationException(String message) {
    super(message);
  }
}
