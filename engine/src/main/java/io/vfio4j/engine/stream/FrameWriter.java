// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.OwnershipAnswer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Sends frames from one buffer, into which the payload is written first; for one thread. */
public final class FrameWriter implements MemoryOutput {

  private final FrameStream stream;
  private final ByteBuffer body;
  private final MemorySegment payload;
  private final FrameHeader header;
  private @Nullable CompressedFrame compressed;

  /**
   * Creates a writer.
   *
   * @param buffer freed by the caller: a header and the longest payload that is sent
   */
  public FrameWriter(FrameStream stream, MemorySegment buffer) {
    this.stream = stream;
    this.payload = buffer.asSlice(FrameHeader.BYTES);
    this.body = payload.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    this.header = new FrameHeader(buffer.asByteBuffer());
  }

  /** Compresses DATA and MEMORY from now on, if they shrink. */
  public void compressWith(CompressedFrame form) {
    compressed = form;
  }

  /** Returns the buffer for the payload of the next frame. */
  @Override
  public MemorySegment payload() {
    return payload;
  }

  /** Sends MEMORY; the payload is in its buffer. */
  @Override
  public void sendMemory(int length, RateGate gate) throws IOException {
    sendBulk(FrameKind.MEMORY, 0, 0, length, gate);
  }

  /** Sends DATA; the payload is in its buffer. */
  public void sendData(int device, int length, boolean endsSegment, RateGate gate) throws IOException {
    sendBulk(FrameKind.DATA, endsSegment ? FrameHeader.ENDS_SEGMENT : 0, device, length, gate);
  }

  private void sendBulk(FrameKind kind, int flags, int device, int length, RateGate gate)
      throws IOException {
    CompressedFrame form = compressed;
    int onWire = form == null ? length : form.compress(body.clear(), length);
    gate.acquire(length, onWire);
    if (form != null && onWire < length) {
      form.send(stream, kind, flags, device, onWire);
    } else {
      send(kind, flags, device, length);
    }
  }

  /** Sends a frame whose payload is in its buffer. */
  public void send(FrameKind kind, int device, int length) throws IOException {
    send(kind, 0, device, length);
  }

  private void send(FrameKind kind, int flags, int device, int length) throws IOException {
    stream.send(header, kind, flags, device, length);
  }

  /** Sends a frame without payload. */
  public void send(FrameKind kind) throws IOException {
    send(kind, 0, 0);
  }

  public void sendText(FrameKind kind, String text) throws IOException {
    PeerText.write(body.clear(), text, kind.maxLength());
    send(kind, 0, body.position());
  }

  public void sendHello(Hello hello) throws IOException {
    hello.write(body.clear());
    send(FrameKind.HELLO, 0, body.position());
  }

  public void sendRound(int number) throws IOException {
    body.clear().putInt(number);
    send(FrameKind.ROUND, 0, body.position());
  }

  /** Sends END. No other thread may send data at the same time. */
  public void sendEnd() throws IOException {
    stream.sendEnd(header, body);
  }

  public void sendReady(TargetCosts costs) throws IOException {
    costs.write(body.clear());
    send(FrameKind.READY, 0, body.position());
  }

  public void sendInitialLoaded(int device) throws IOException {
    send(FrameKind.INITIAL_LOADED, device, 0);
  }

  public void sendJoin(MigrationId migration, int channel) throws IOException {
    migration.put(body.clear());
    body.putInt(channel);
    send(FrameKind.JOIN, 0, body.position());
  }

  public void sendQuery(MigrationId migration) throws IOException {
    migration.put(body.clear());
    send(FrameKind.ASK, 0, body.position());
  }

  public void sendAnswer(OwnershipAnswer answer) throws IOException {
    body.clear().putInt(answer.verdict().wireValue());
    PeerText.write(body, answer.reason(), PeerText.MAX_BYTES);
    send(FrameKind.ANSWER, 0, body.position());
  }

  public void sendTrailer(SaveTrailer trailer) throws IOException {
    trailer.write(body.clear());
    send(FrameKind.SAVED, 0, body.position());
  }

  public void sendConfirmed(MigrationReport.TargetSummary summary) throws IOException {
    body.clear().putLong(summary.bytes()).putLong(summary.validating().toNanos())
        .putLong(summary.starting().toNanos());
    send(FrameKind.CONFIRMED, 0, body.position());
  }
}
