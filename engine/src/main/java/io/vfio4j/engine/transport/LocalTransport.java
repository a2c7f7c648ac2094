// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import io.vfio4j.engine.Side;
import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameHeader;
import io.vfio4j.engine.stream.Preamble;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A transport within this process: a ring buffer for each direction. */
public final class LocalTransport implements Transport {

  private static final int RING_BYTES = 4 << 20;

  /** A frame without payload, and a preamble before it. */
  private static final int MIN_ROOM = Preamble.BYTES + FrameHeader.BYTES;

  /**
   * The two ends of a connection.
   *
   * @param source the source's end
   * @param target the target's end
   */
  public record Pair(LocalTransport source, LocalTransport target) {
  }

  private final ByteRing outgoing;
  private final ByteRing incoming;
  private final String peer;

  private LocalTransport(ByteRing outgoing, ByteRing incoming, Side peer) {
    this.outgoing = outgoing;
    this.incoming = incoming;
    this.peer = "the " + peer + " in this process";
  }

  /** Creates both ends; each is closed by its user, and the memory is freed with the second one. */
  public static Pair pair() {
    return pair(RING_BYTES);
  }

  public static Pair pair(int ringBytes) {
    ByteRing toTarget = new ByteRing(ringBytes);
    ByteRing toSource = new ByteRing(ringBytes);
    return new Pair(new LocalTransport(toTarget, toSource, Side.TARGET),
        new LocalTransport(toSource, toTarget, Side.SOURCE));
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    while (data.hasRemaining()) {
      if (!outgoing.put(data, stall.toNanos())) {
        throw new StalledException(peer, "took nothing", stall);
      }
    }
  }

  @Override
  public int receive(ByteBuffer into, Duration stall) throws IOException {
    int count = incoming.take(into, stall.toNanos());
    if (count == 0) {
      throw new StalledException(peer, "sent nothing", stall);
    }
    return count;
  }

  @Override
  public boolean hasInput() throws IOException {
    return incoming.hasInput();
  }

  @Override
  public boolean hasRoom() throws IOException {
    return outgoing.hasRoom(MIN_ROOM);
  }

  @Override
  public String peer() {
    return peer;
  }

  @Override
  public void close() {
    outgoing.closeWriter();
    incoming.closeReader();
  }
}
