// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/**
 * Receives the preamble and then frames into one buffer; nothing of a frame is given out before it has been
 * checked. Not to be used any more after an exception.
 */
final class FrameReader {

  private final Transport transport;
  private final ByteBuffer frame;
  private final ByteBuffer body;
  private final MemorySegment payload;
  private final FrameHeader header;
  private final StreamDigest digest = new StreamDigest();
  private @Nullable CompressedPayload compressed;
  private boolean begun;
  private int sequence;
  private int length;
  private @Nullable StreamVersion version;

  /**
   * Makes a reader with a buffer that is the caller's to free: a header and the longest payload to be
   * taken.
   */
  FrameReader(Transport transport, MemorySegment buffer) {
    this.transport = transport;
    this.frame = buffer.asByteBuffer();
    this.payload = buffer.asSlice(FrameHeader.BYTES);
    this.body = payload.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    this.header = new FrameHeader(frame);
  }

  /** From here on, bulk may come compressed. */
  void decompressWith(CompressedPayload form) {
    compressed = form;
  }

  /**
   * Receives the next frame that is understood. It has to be here in time, whatever comes before it; only a
   * payload of data may take longer, as long as it goes on.
   */
  FrameKind next(Duration patience) throws IOException {
    long began = System.nanoTime();
    Duration left = patience;
    if (!begun) {
      receivePreamble(patience, began);
    }
    while (true) {
      fill(0, FrameHeader.BYTES, left, began);
      Optional<FrameKind> kind = checkHeader();
      CompressedPayload form = compressed;
      if (form != null && isCompressed()) {
        receiveCompressed(form, patience);
      } else {
        receivePayload(kind, patience, began);
      }
      sequence++;
      checkEnd(kind);
      digest.add(header.bytes());
      if (kind.isPresent()) {
        return kind.get();
      }
      left = left(patience, began);
    }
  }

  private void receivePayload(Optional<FrameKind> kind, Duration patience, long began) throws IOException {
    if (kind.isPresent() && kind.get().isBulk()) {
      fillSlowly(frame.limit(FrameHeader.BYTES + length).position(FrameHeader.BYTES), patience);
    } else if (length > 0) {
      fill(FrameHeader.BYTES, length, left(patience, began), began);
    }
    if (!header.isIntact(length)) {
      throw damaged("wrong checksum");
    }
  }

  /** What is decompressed has been checked to be what was sent, and is in a buffer that nobody else writes to. */
  private void receiveCompressed(CompressedPayload form, Duration patience) throws IOException {
    fillSlowly(form.body().limit(length).position(0), patience);
    if (!header.isIntact(form.body().flip())) {
      throw damaged("wrong checksum");
    }
    try {
      length = form.decompress(length, body.clear());
    } catch (DataFormatException e) {
      throw damaged("its compressed payload of %d bytes: %s".formatted(length, e.getMessage()));
    }
  }

  private boolean isCompressed() {
    return (header.flags() & FrameHeader.COMPRESSED) != 0;
  }

  private void receivePreamble(Duration patience, long began) throws IOException {
    fill(0, Preamble.BYTES, patience, began);
    version = Preamble.check(frame.flip());
    begun = true;
  }

  /** Returns the version that the stream says it has; to be asked when a frame has been received. */
  StreamVersion version() {
    if (version == null) {
      throw new IllegalStateException("no preamble has been received");
    }
    return version;
  }

  /** Returns which device the last frame is about. */
  int device() {
    return header.device();
  }

  /** Tells whether a segment of the device's state ends with the last frame, which is one of data. */
  boolean endsSegment() {
    return (header.flags() & FrameHeader.ENDS_SEGMENT) != 0;
  }

  /** Returns the whole payload buffer, of which {@link #length} bytes are those of the last frame. */
  MemorySegment payload() {
    return payload;
  }

  int length() {
    return length;
  }

  /** Returns the payload of the last frame, little-endian. */
  ByteBuffer body() {
    return body.limit(length).position(0);
  }

  String text() {
    return PeerText.take(body());
  }

  /**
   * Checks all of a header but its checksum, which needs the payload, and returns the kind if it is known.
   */
  private Optional<FrameKind> checkHeader() throws StreamException {
    long announced = header.length();
    Optional<FrameKind> kind = FrameKind.fromWire(header.kind());
    if (kind.isEmpty() && (header.flags() & FrameHeader.MAY_SKIP) == 0) {
      throw damaged("its kind %d is unknown and must not be passed over".formatted(header.kind()));
    }
    int known = FrameHeader.MAY_SKIP | kind.map(FrameKind::flags).orElse(0);
    if ((header.flags() & ~known) != 0) {
      throw damaged("unknown flags 0x%02x".formatted(header.flags()));
    }
    if (isCompressed() && compressed == null) {
      throw damaged("it is compressed, which its hello does not say");
    }
    boolean fits = announced <= payload.byteSize() && (kind.isEmpty() || kind.get().admits(announced));
    if (!fits) {
      throw damaged("%s of %d bytes".formatted(kind.map(FrameKind::name).orElse("a frame"), announced));
    }
    if (kind.isPresent() && !kind.get().isAboutDevice() && header.device() != 0) {
      throw damaged("%s of device %d, which is about none".formatted(kind.get(), header.device()));
    }
    if (header.sequence() != sequence) {
      throw damaged("its number is %s".formatted(Integer.toUnsignedString(header.sequence())));
    }
    length = (int) announced;
    return kind;
  }

  private void checkEnd(Optional<FrameKind> kind) throws StreamException {
    if (kind.isPresent() && kind.get() == FrameKind.END
        && !body().equals(ByteBuffer.wrap(digest.finish()))) {
      throw damaged("wrong digest");
    }
  }

  private StreamException damaged(String how) {
    return new StreamException("the stream is damaged at frame %s: %s"
        .formatted(Integer.toUnsignedString(sequence), how));
  }

  /**
   * Fills a part of the frame that has to be here in time; for the usual single piece nothing is allocated.
   */
  private void fill(int from, int count, Duration patience, long began) throws IOException {
    frame.limit(from + count).position(from);
    Duration left = patience;
    while (frame.hasRemaining()) {
      receive(frame, left);
      if (frame.hasRemaining()) {
        left = left(patience, began);
      }
    }
  }

  private void fillSlowly(ByteBuffer into, Duration stall) throws IOException {
    while (into.hasRemaining()) {
      receive(into, stall);
    }
  }

  private void receive(ByteBuffer into, Duration patience) throws IOException {
    if (transport.receive(into, patience) < 0) {
      throw new EOFException(transport.peer() + " closed the connection");
    }
  }

  private Duration left(Duration patience, long began) throws StalledException {
    Duration left = patience.minusNanos(System.nanoTime() - began);
    if (!left.isPositive()) {
      throw new StalledException(transport.peer(), "sent no whole frame", patience);
    }
    return left;
  }
}
