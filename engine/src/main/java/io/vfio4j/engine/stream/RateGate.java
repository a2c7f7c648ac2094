// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.io.IOException;

/** Delays or refuses DATA and MEMORY frames; called before each frame, once its length on the wire is known. */
@FunctionalInterface
public interface RateGate {

  /**
   * Waits until a frame may be sent, or throws if nothing more may be sent.
   *
   * @param bytes the length of the payload
   * @param onWire the length of the payload as it is sent, shorter if it is compressed
   */
  void acquire(long bytes, long onWire) throws IOException;
}
