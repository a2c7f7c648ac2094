// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Forwards everything to another transport; a subclass overrides what it changes, as with FilterInputStream. */
abstract class FilterTransport implements Transport {

  /** Returns the transport that everything is forwarded to. */
  abstract Transport delegate();

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    delegate().send(data, stall);
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    return delegate().receive(into, stall);
  }

  @Override
  public boolean hasInput() throws IOException {
    return delegate().hasInput();
  }

  @Override
  public boolean hasRoom() throws IOException {
    return delegate().hasRoom();
  }

  @Override
  public String peer() {
    return delegate().peer();
  }

  @Override
  public void close() throws IOException {
    delegate().close();
  }
}
