// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * What a side does between its last frame and the close: it receives and drops everything until the peer closes. A
 * connection closed with unread data is reset, and the peer loses the last frame.
 */
public final class LingeringClose {

  private static final int DROPPED_BYTES = 8192;

  private LingeringClose() {
  }

  /**
   * Receives until the peer closes, or the time is over.
   *
   * @throws StalledException if the peer has sent nothing for the rest of the time
   */
  public static void drain(Transport transport, Duration limit) throws IOException {
    ByteBuffer dropped = ByteBuffer.allocateDirect(DROPPED_BYTES);
    long end = System.nanoTime() + limit.toNanos(); // Whatever the clock of the migration: a transport waits in real time.
    long left = limit.toNanos();
    while (left > 0 && transport.receive(dropped.clear(), Duration.ofNanos(left)) >= 0) {
      left = end - System.nanoTime();
    }
  }
}
