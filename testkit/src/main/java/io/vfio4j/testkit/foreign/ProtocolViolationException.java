// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import java.io.IOException;

/** The other peer violated the protocol, or did something that this foreign peer does not accept. */
public final class ProtocolViolationException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Creates an exception.
   *
   * @param message the violation
   */
  public ProtocolViolationException(String message) {
    super(message);
  }
}
