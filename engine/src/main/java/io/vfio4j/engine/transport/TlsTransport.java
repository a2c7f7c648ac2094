// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A transport over TLS 1.3 (RFC 8446), after the handshake. */
final class TlsTransport implements Transport {

  private final NonBlockingSocket socket;
  private final TlsInput in;
  private final TlsOutput out;
  private final String peer;

  TlsTransport(NonBlockingSocket socket, TlsInput in, TlsOutput out, String peer) {
    this.socket = socket;
    this.in = in;
    this.out = out;
    this.peer = peer;
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    out.send(data, stall);
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    return in.receive(into, stall);
  }

  @Override
  public boolean hasInput() throws IOException {
    return in.hasInput();
  }

  @Override
  public boolean hasRoom() throws IOException {
    return socket.hasRoom();
  }

  @Override
  public String peer() {
    return peer;
  }

  /**
   * Sends close_notify and closes. If a thread is sending, or there is no space, the peer reads an end without
   * close_notify instead, which is an error.
   */
  @Override
  public void close() throws IOException {
    try (socket) {
      if (socket.channel().isOpen()) {
        out.closeOutbound();
      }
    }
  }
}
