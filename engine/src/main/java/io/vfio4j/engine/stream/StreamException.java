// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.io.IOException;

/**
 * The received data is not a migration stream, is damaged, or has an unsupported version or content.
 */
public final class StreamException extends IOException {

  private static final long serialVersionUID = 1;

  public StreamException(String message) {
    super(message);
  }
}
