// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.util.Buffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A connection whose first frame has come; it is received once more, as if it came now. */
final class OpenedTransport extends FilterTransport {

  private final Transport transport;
  private final FrameKind kind;

  /** Between position and limit is what came and is still to be received; for the receiver's thread. */
  private final ByteBuffer buffered;

  OpenedTransport(Transport transport, FrameKind kind, ByteBuffer begun) {
    this.transport = transport;
    this.kind = kind;
    this.buffered = begun;
  }

  /** Returns the kind of the first frame: HELLO, ASK or JOIN. */
  FrameKind kind() {
    return kind;
  }

  @Override
  Transport delegate() {
    return transport;
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    if (!buffered.hasRemaining()) {
      return transport.receive(into, stall);
    }
    return Buffers.transfer(buffered, into);
  }

  @Override
  public boolean hasInput() throws IOException {
    return buffered.hasRemaining() || transport.hasInput();
  }
}
