// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;

/** The other side of a connection was silent, or took no bytes, for too long. */
public final class StalledException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Creates the exception.
   *
   * @param peer the other side
   * @param what what it failed to do, as in {@code sent nothing}
   * @param limit the timeout
   */
  public StalledException(String peer, String what, Duration limit) {
    super("%s %s for %d ms".formatted(peer, what, limit.toMillis()));
  }
}
