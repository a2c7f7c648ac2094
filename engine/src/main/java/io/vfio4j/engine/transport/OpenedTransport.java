// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.util.Buffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A connection whose first frame has been received; its reader receives the frame again. */
final class OpenedTransport extends FilterTransport {

  private final Transport transport;
  private final FrameKind kind;

  /** Between position and limit: bytes received, and not yet returned to the reader. For the receiving thread. */
  private final ByteBuffer buffered;

  OpenedTransport(Transport transport, FrameKind kind, ByteBuffer received) {
    this.transport = transport;
    this.kind = kind;
    this.buffered = received;
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
