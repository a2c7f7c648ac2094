// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Passes everything on; who makes trouble overrides what it is about. */
public class ForwardingTransport implements Transport {

  private final Transport inner;

  public ForwardingTransport(Transport inner) {
    this.inner = inner;
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    inner.send(data, stall);
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    return inner.receive(into, stall);
  }

  @Override
  public boolean hasInput() throws IOException {
    return inner.hasInput();
  }

  @Override
  public boolean hasRoom() throws IOException {
    return inner.hasRoom();
  }

  @Override
  public String peer() {
    return inner.peer();
  }

  @Override
  public void close() throws IOException {
    inner.close();
  }
}
