// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/** Sends the preamble and then frames out of one buffer, into which the payload is written first. */
final class FrameWriter {

  private final Transport transport;
  private final Duration stall;
  private final ByteBuffer frame;
  private final ByteBuffer body;
  private final MemorySegment payload;
  private final FrameHeader header;
  private final StreamDigest digest = new StreamDigest();
  private boolean begun;
  private int sequence;

  /**
   * Makes a writer with a buffer that is the caller's to free: a header and the longest payload to be sent.
   */
  FrameWriter(Transport transport, Duration stall, MemorySegment buffer) {
    this.transport = transport;
    this.stall = stall;
    this.frame = buffer.asByteBuffer();
    this.payload = buffer.asSlice(FrameHeader.BYTES);
    this.body = payload.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    this.header = new FrameHeader(frame);
  }

  /** Returns where the payload of the next frame goes. */
  MemorySegment payload() {
    return payload;
  }

  /** Sends the preamble from a buffer of its own: the payload of the first frame is in its place already. */
  private void sendPreamble() throws IOException {
    ByteBuffer preamble = ByteBuffer.allocateDirect(Preamble.BYTES);
    Preamble.put(preamble);
    transport.send(preamble.flip(), stall);
  }

  /** Sends a frame with a payload that is in its place. */
  void send(FrameKind kind, int device, int length) throws IOException {
    send(kind, 0, device, length);
  }

  /** Sends bytes of a device's state that are in their place, with a word on whether a segment ends with them. */
  void sendData(int device, int length, boolean endsSegment) throws IOException {
    send(FrameKind.DATA, endsSegment ? FrameHeader.ENDS_SEGMENT : 0, device, length);
  }

  private void send(FrameKind kind, int flags, int device, int length) throws IOException {
    if (!begun) {
      begun = true;
      sendPreamble();
    }
    header.set(kind, flags, device, length, sequence++);
    digest.add(header.bytes());
    frame.limit(FrameHeader.BYTES + length).position(0);
    transport.send(frame, stall);
  }

  /** Sends a frame without payload. */
  void send(FrameKind kind) throws IOException {
    send(kind, 0, 0);
  }

  void sendText(FrameKind kind, String text) throws IOException {
    PeerText.put(body.clear(), text, kind.maxLength());
    send(kind, 0, body.position());
  }

  void sendHello(Hello hello) throws IOException {
    hello.put(body.clear());
    send(FrameKind.HELLO, 0, body.position());
  }

  void sendRound(int number) throws IOException {
    body.clear().putInt(number);
    send(FrameKind.ROUND, 0, body.position());
  }

  void sendEnd() throws IOException {
    body.clear().put(digest.finish());
    send(FrameKind.END, 0, body.position());
  }

  void sendConfirmed(MigrationReport.TargetSummary summary) throws IOException {
    body.clear().putLong(summary.bytes()).putLong(summary.validating().toNanos())
        .putLong(summary.starting().toNanos());
    send(FrameKind.CONFIRMED, 0, body.position());
  }
}
