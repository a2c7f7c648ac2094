// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.migration;

import io.vfio4j.engine.Side;
import io.vfio4j.engine.Transport;
import io.vfio4j.engine.stream.FrameKind;
import io.vfio4j.engine.transport.ForwardingTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** One side's end of a connection, which sees every frame that the side sends, and may inject a fault. */
final class FaultyTransport extends ForwardingTransport {

  /** What happens to a frame. */
  enum FrameFault {
    /** The connection breaks before the frame is sent. */
    CUT_BEFORE("cut before it"),
    /** The frame arrives, and nothing after it, in either direction. */
    CUT_AFTER("cut after it"),
    /** Neither the frame nor anything after it arrives, without an error. */
    SWALLOWED("stalled from it on"),
    /** One of its bits is flipped. */
    DAMAGED("damaged");

    final String title;

    FrameFault(String title) {
      this.title = title;
    }
  }

  private final FaultyTransports transports;
  private final Side side;
  private final int connection;
  private boolean silent;
  private volatile boolean closed;

  /**
   * Creates the end.
   *
   * @param transports decides what happens
   * @param side the side
   * @param connection the number of the connection, 0 for the first
   */
  FaultyTransport(Transport inner, FaultyTransports transports, Side side, int connection) {
    super(inner);
    this.transports = transports;
    this.side = side;
    this.connection = connection;
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    if (data.get(data.position()) == 'V') { // The preamble, which begins with the magic.
      pass(data, stall);
      return;
    }
    FrameKind kind = FrameKind.fromWire(data.get(data.position())).orElseThrow();
    var trouble = transports.faultOf(new FaultyTransports.Frame(side, connection, kind));
    if (trouble.isEmpty() || silent) {
      pass(data, stall);
      return;
    }
    switch (trouble.get()) {
      case CUT_BEFORE -> {
        cut();
        pass(data, stall);
      }
      case CUT_AFTER -> {
        pass(data, stall);
        cut();
      }
      case SWALLOWED -> {
        silent = true;
        pass(data, stall);
      }
      case DAMAGED -> pass(damaged(data), stall);
    }
  }

  private void pass(ByteBuffer data, Duration stall) throws IOException {
    if (silent || transports.arePeersSilent()) {
      data.position(data.limit());
    } else {
      super.send(data, stall);
    }
  }

  /** Changes the last byte: of the payload, or of the checksum if there is none. */
  private static ByteBuffer damaged(ByteBuffer data) {
    ByteBuffer bad = ByteBuffer.allocateDirect(data.remaining()).put(data).flip();
    int last = bad.limit() - 1;
    return bad.put(last, (byte) (bad.get(last) ^ 0x10));
  }

  /** Breaks the connection, without its side having closed it. */
  void cut() throws IOException {
    super.close();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    super.close();
  }

  Side side() {
    return side;
  }

  /** Returns whether its side has closed it. */
  boolean isClosed() {
    return closed;
  }

  @Override
  public String toString() {
    return "the %s's end of connection %d".formatted(side, connection);
  }
}
