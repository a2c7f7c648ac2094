// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.Compressor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** A writer's frame in its compressed form, in a buffer of its own; for the writer's thread. */
public final class CompressedFrame {

  private final Compressor compressor;
  private final ByteBuffer frame;
  private final ByteBuffer body;
  private final FrameHeader header;

  /**
   * Makes one.
   *
   * @param compressor is the caller's to close
   * @param buffer the caller's to free: a header and {@link Codec#bound} of the longest payload
   */
  public CompressedFrame(Compressor compressor, MemorySegment buffer) {
    this.compressor = compressor;
    this.frame = buffer.asByteBuffer();
    this.body = buffer.asSlice(FrameHeader.BYTES).asByteBuffer();
    this.header = new FrameHeader(frame);
  }

  /**
   * Takes a payload.
   *
   * @return how long it is compressed; its own length if it does not shrink, and then it is not to be sent from here
   */
  int compress(ByteBuffer payload, int length) {
    return Math.min(length, compressor.compress(payload, length, body));
  }

  /** Sends what was taken. */
  void send(FrameStream stream, FrameKind kind, int flags, int device, int length) throws IOException {
    stream.send(frame, header, kind, flags | FrameHeader.COMPRESSED, device, length);
  }
}
