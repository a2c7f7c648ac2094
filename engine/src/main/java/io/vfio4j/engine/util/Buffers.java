// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.util;

import java.nio.ByteBuffer;

/** Copies between buffers. */
public final class Buffers {

  private Buffers() {
  }

  /** Moves as many remaining bytes as fit from one buffer to another, and returns their number. */
  public static int transfer(ByteBuffer from, ByteBuffer into) {
    int count = Math.min(into.remaining(), from.remaining());
    into.put(into.position(), from, from.position(), count);
    into.position(into.position() + count);
    from.position(from.position() + count);
    return count;
  }
}
