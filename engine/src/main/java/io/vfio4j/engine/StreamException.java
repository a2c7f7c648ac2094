// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;

/**
 * What came from the other side is not a migration stream, or a damaged one, or one that is not understood.
 */
final class StreamException extends IOException {

  private static final long serialVersionUID = 1;

  StreamException(String message) {
    super(message);
  }
}
