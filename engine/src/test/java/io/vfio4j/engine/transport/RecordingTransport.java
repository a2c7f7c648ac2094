// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.IntUnaryOperator;

/** Records what is sent, and may damage a byte of it. */
public final class RecordingTransport extends ForwardingTransport {

  private final int damagedAt;
  private final IntUnaryOperator damage;
  private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

  /** Creates a transport that changes the byte at an offset of what is sent; none if it is negative. */
  public RecordingTransport(Transport inner, int damagedAt, IntUnaryOperator damage) {
    super(inner);
    this.damagedAt = damagedAt;
    this.damage = damage;
  }

  public byte[] sent() {
    return sent.toByteArray();
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    int at = damagedAt - sent.size();
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    sent.writeBytes(bytes);
    if (at >= 0 && at < bytes.length) {
      bytes[at] = (byte) damage.applyAsInt(bytes[at]);
    }
    super.send(ByteBuffer.wrap(bytes), stall);
  }
}
