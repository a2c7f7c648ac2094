// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A transport over a UNIX socket: the bytes as they are. */
final class SocketTransport implements Transport {

  private final NonBlockingSocket wire;

  /** Takes over a connected socket. */
  SocketTransport(NonBlockingSocket wire) {
    this.wire = wire;
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    wire.send(data, stall);
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    return wire.receive(into, stall);
  }

  @Override
  public boolean hasInput() throws IOException {
    return wire.hasInput();
  }

  @Override
  public boolean hasRoom() throws IOException {
    return wire.hasRoom();
  }

  @Override
  public String peer() {
    return wire.peer();
  }

  @Override
  public void close() throws IOException {
    wire.close();
  }
}
