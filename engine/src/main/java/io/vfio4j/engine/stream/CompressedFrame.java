// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Compressor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** The compressed form of a writer's frame, in a second buffer; for the writer's thread. */
public final class CompressedFrame {

  private final Compressor compressor;
  private final ByteBuffer body;
  private final FrameHeader header;

  /**
   * Wraps a compressor and a buffer.
   *
   * @param compressor closed by the caller
   * @param buffer freed by the caller: a header and {@link Codec#bound} of the longest payload
   */
  public CompressedFrame(Compressor compressor, MemorySegment buffer) {
    this.compressor = compressor;
    this.body = buffer.asSlice(FrameHeader.BYTES).asByteBuffer();
    this.header = new FrameHeader(buffer.asByteBuffer());
  }

  /**
   * Compresses a payload into this frame.
   *
   * @return the compressed length; the original length if it does not shrink, in which case {@link #send} is not called
   */
  int compress(ByteBuffer payload, int length) {
    return Math.min(length, compressor.compress(payload, length, body));
  }

  /** Sends the compressed payload. */
  void send(FrameStream stream, FrameKind kind, int flags, int device, int length) throws IOException {
    stream.send(header, kind, flags | FrameHeader.COMPRESSED, device, length);
  }
}
