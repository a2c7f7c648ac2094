// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A connection whose first frame has come; it is received once more, as if it came now. */
final class OpenedTransport implements Transport {

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
  public void send(ByteBuffer data, Duration stall) throws IOException {
    transport.send(data, stall);
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    if (!buffered.hasRemaining()) {
      return transport.receive(into, stall);
    }
    int count = Math.min(into.remaining(), buffered.remaining());
    into.put(into.position(), buffered, buffered.position(), count);
    into.position(into.position() + count);
    buffered.position(buffered.position() + count);
    return count;
  }

  @Override
  public boolean hasInput() throws IOException {
    return buffered.hasRemaining() || transport.hasInput();
  }

  @Override
  public boolean hasRoom() throws IOException {
    return transport.hasRoom();
  }

  @Override
  public String peer() {
    return transport.peer();
  }

  @Override
  public void close() throws IOException {
    transport.close();
  }
}
