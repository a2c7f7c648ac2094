// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Consumer;

/** One side's end of a connection, which sees every frame that the side sends, and may do something to one of them. */
final class FaultyWire extends ForwardingTransport {

  /** What happens to a frame. */
  enum Trouble {
    /** The connection is gone before it is sent. */
    CUT_BEFORE("cut before it"),
    /** It arrives, and nothing after it, in either direction. */
    CUT_AFTER("cut after it"),
    /** It does not arrive, nor does anything after it, and nobody says so. */
    SWALLOWED("stalled from it on"),
    /** A bit of it is another one. */
    DAMAGED("damaged");

    final String title;

    Trouble(String title) {
      this.title = title;
    }
  }

  private final FrameKind kind;
  private final int number;
  private final Trouble trouble;
  private int seen;
  private boolean silent;

  /** Makes one that troubles the n-th frame of a kind, from 1. */
  FaultyWire(Transport inner, FrameKind kind, int number, Trouble trouble) {
    super(inner);
    this.kind = kind;
    this.number = number;
    this.trouble = trouble;
  }

  /** Makes one that only tells which frames are sent. */
  static Transport watching(Transport inner, Consumer<FrameKind> told) {
    return new ForwardingTransport(inner) {
      @Override
      public void send(ByteBuffer data, Duration stall) throws IOException {
        if (isFrame(data)) {
          told.accept(FrameKind.fromWire(data.get(data.position())).orElseThrow());
        }
        super.send(data, stall);
      }
    };
  }

  /** Tells whether there was such a frame. */
  boolean hasHit() {
    return seen >= number;
  }

  private static boolean isFrame(ByteBuffer data) {
    return data.get(data.position()) != 'V'; // Else it is the preamble, which begins with the magic.
  }

  @Override
  public void send(ByteBuffer data, Duration stall) throws IOException {
    boolean hit =
        !silent && isFrame(data) && data.get(data.position()) == kind.wireValue() && ++seen == number;
    if (!hit) {
      pass(data, stall);
      return;
    }
    switch (trouble) {
      case CUT_BEFORE -> {
        close();
        pass(data, stall);
      }
      case CUT_AFTER -> {
        pass(data, stall);
        close();
      }
      case SWALLOWED -> {
        silent = true;
        pass(data, stall);
      }
      case DAMAGED -> pass(damaged(data), stall);
    }
  }

  private void pass(ByteBuffer data, Duration stall) throws IOException {
    if (silent) {
      data.position(data.limit());
    } else {
      super.send(data, stall);
    }
  }

  /** Changes the last byte: of the payload, or of the checksum where there is none. */
  private static ByteBuffer damaged(ByteBuffer data) {
    ByteBuffer bad = ByteBuffer.allocateDirect(data.remaining()).put(data).flip();
    int last = bad.limit() - 1;
    return bad.put(last, (byte) (bad.get(last) ^ 0x10));
  }
}
