// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.io.IOException;

/**
 * What came from the other side is not a migration stream, or a damaged one, or one that is not understood.
 */
public final class StreamException extends IOException {

  private static final long serialVersionUID = 1;

  public StreamException(String message) {
    super(message);
  }
}
