// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import java.io.IOException;

/** Asked before each frame of bulk, when it is known how long it is on the wire. */
@FunctionalInterface
public interface RateGate {

  /**
   * Waits until a frame may be sent, or says by an exception that nothing more shall be.
   *
   * @param bytes the length of the payload
   * @param onWire the length of what is sent for it, less where it is compressed
   */
  void acquire(long bytes, long onWire) throws IOException;
}
