// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.StalledException;
import io.vfio4j.engine.StreamVersion;
import io.vfio4j.engine.Transport;
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
 * Receives the preamble and then frames into one buffer, for one thread. A frame is checked completely before any of it is
 * returned. After an exception the reader must not be used.
 */
public final class FrameReader {

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
   * Creates a reader.
   *
   * @param buffer freed by the caller: a header and the longest payload that is accepted
   */
  public FrameReader(Transport transport, MemorySegment buffer) {
    this.transport = transport;
    this.frame = buffer.asByteBuffer();
    this.payload = buffer.asSlice(FrameHeader.BYTES);
    this.body = payload.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    this.header = new FrameHeader(frame);
  }

  /** Accepts compressed DATA and MEMORY from now on. */
  public void decompressWith(CompressedPayload form) {
    compressed = form;
  }

  /**
   * Receives the next frame of a known kind. The timeout includes skipped frames; the payload of DATA and MEMORY may take
   * longer, as long as bytes keep arriving.
   */
  public FrameKind next(Duration patience) throws IOException {
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
      left = remaining(patience, began);
    }
  }

  private void receivePayload(Optional<FrameKind> kind, Duration patience, long began) throws IOException {
    if (kind.isPresent() && kind.get().isBulk()) {
      fillWithoutDeadline(frame.limit(FrameHeader.BYTES + length).position(FrameHeader.BYTES), patience);
    } else if (length > 0) {
      fill(FrameHeader.BYTES, length, remaining(patience, began), began);
    }
    if (!header.isChecksumValid(length)) {
      throw corrupt("wrong checksum");
    }
  }

  /** The checksum is verified before the data is decompressed, from a buffer that no other thread writes to. */
  private void receiveCompressed(CompressedPayload form, Duration patience) throws IOException {
    fillWithoutDeadline(form.body().limit(length).position(0), patience);
    if (!header.isChecksumValid(form.body().flip())) {
      throw corrupt("wrong checksum");
    }
    try {
      length = form.decompress(length, body.clear());
    } catch (DataFormatException e) {
      throw corrupt("compressed payload of %d bytes: %s".formatted(length, e.getMessage()));
    }
  }

  private boolean isCompressed() {
    return (header.flags() & FrameHeader.COMPRESSED) != 0;
  }

  private void receivePreamble(Duration patience, long began) throws IOException {
    fill(0, Preamble.BYTES, patience, began);
    version = Preamble.read(frame.flip());
    begun = true;
  }

  /** Returns the version in the preamble; not before a frame has been received. */
  public StreamVersion version() {
    if (version == null) {
      throw new IllegalStateException("no preamble has been received");
    }
    return version;
  }

  /** Returns the device of the last frame. */
  public int device() {
    return header.device();
  }

  /** Returns whether a segment of the device's state ends with the last frame, which must be DATA. */
  public boolean endsSegment() {
    return (header.flags() & FrameHeader.ENDS_SEGMENT) != 0;
  }

  /** Returns the payload buffer; its first {@link #length} bytes are the payload of the last frame. */
  public MemorySegment payload() {
    return payload;
  }

  public int length() {
    return length;
  }

  /** Returns the payload of the last frame, little-endian. */
  public ByteBuffer body() {
    return body.limit(length).position(0);
  }

  public String text() {
    return PeerText.read(body());
  }

  /**
   * Checks a header, except the checksum, which needs the payload. Returns the kind if it is known.
   */
  private Optional<FrameKind> checkHeader() throws StreamException {
    long announced = header.length();
    Optional<FrameKind> kind = FrameKind.fromWire(header.kind());
    if (kind.isEmpty() && (header.flags() & FrameHeader.SKIPPABLE) == 0) {
      throw corrupt("its kind %d is unknown and must not be skipped".formatted(header.kind()));
    }
    int known = FrameHeader.SKIPPABLE | kind.map(FrameKind::flags).orElse(0);
    if ((header.flags() & ~known) != 0) {
      throw corrupt("unknown flags 0x%02x".formatted(header.flags()));
    }
    if (isCompressed() && compressed == null) {
      throw corrupt("it is compressed, but the hello has no compression");
    }
    boolean fits = announced <= payload.byteSize() && (kind.isEmpty() || kind.get().isValidLength(announced));
    if (!fits) {
      throw corrupt("%s of %d bytes".formatted(kind.map(FrameKind::name).orElse("a frame"), announced));
    }
    if (kind.isPresent() && !kind.get().namesDevice() && header.device() != 0) {
      throw corrupt(
          "%s of device %d, but this kind does not concern a device".formatted(kind.get(), header.device()));
    }
    if (header.sequence() != sequence) {
      throw corrupt("unexpected sequence number %s".formatted(Integer.toUnsignedString(header.sequence())));
    }
    length = (int) announced;
    return kind;
  }

  private void checkEnd(Optional<FrameKind> kind) throws StreamException {
    if (kind.isPresent() && kind.get() == FrameKind.END
        && !body().equals(ByteBuffer.wrap(digest.finish()))) {
      throw corrupt("wrong digest");
    }
  }

  private StreamException corrupt(String how) {
    return new StreamException("the stream is damaged at frame %s: %s"
        .formatted(Integer.toUnsignedString(sequence), how));
  }

  /**
   * Receives a part of the frame before the deadline. In the usual case of a single read, nothing is allocated.
   */
  private void fill(int from, int count, Duration patience, long began) throws IOException {
    frame.limit(from + count).position(from);
    Duration left = patience;
    while (frame.hasRemaining()) {
      receive(frame, left);
      if (frame.hasRemaining()) {
        left = remaining(patience, began);
      }
    }
  }

  private void fillWithoutDeadline(ByteBuffer into, Duration stall) throws IOException {
    while (into.hasRemaining()) {
      receive(into, stall);
    }
  }

  private void receive(ByteBuffer into, Duration patience) throws IOException {
    if (transport.receive(into, patience) < 0) {
      throw new EOFException(transport.peer() + " closed the connection");
    }
  }

  private Duration remaining(Duration patience, long began) throws StalledException {
    Duration left = patience.minusNanos(System.nanoTime() - began);
    if (!left.isPositive()) {
      throw new StalledException(transport.peer(), "sent no complete frame", patience);
    }
    return left;
  }
}
