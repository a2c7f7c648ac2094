// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A peer that sends given bytes, and drops what it receives. */
public final class ReplayTransport implements Transport {

  private final ByteBuffer bytes;

  public ReplayTransport(byte[] bytes) {
    this.bytes = ByteBuffer.wrap(bytes);
  }

  @Override
  public void send(ByteBuffer data, Duration stall) {
    data.position(data.limit());
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) {
    if (!bytes.hasRemaining()) {
      return -1;
    }
    int count = Math.min(bytes.remaining(), into.remaining());
    into.put(bytes.slice(bytes.position(), count));
    bytes.position(bytes.position() + count);
    return count;
  }

  @Override
  public boolean hasInput() {
    return true;
  }

  @Override
  public boolean hasRoom() {
    return true;
  }

  @Override
  public String peer() {
    return "a replay";
  }

  @Override
  public void close() {
    bytes.position(bytes.limit());
  }
}
