// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A transport over a UNIX socket: the bytes as they are. */
final class SocketTransport implements Transport {

  private final NonBlockingSocket socket;

  /** Takes over a connected socket. */
  SocketTransport(NonBlockingSocket socket) {
    this.socket = socket;
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    socket.send(data, stall);
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    return socket.receive(into, stall);
  }

  @Override
  public boolean hasInput() throws IOException {
    return socket.hasInput();
  }

  @Override
  public boolean hasRoom() throws IOException {
    return socket.hasRoom();
  }

  @Override
  public String peer() {
    return socket.peer();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
