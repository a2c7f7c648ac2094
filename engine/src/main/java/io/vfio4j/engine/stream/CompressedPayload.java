// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.codec.Decompressor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/** The buffer into which a reader receives a compressed payload, and its decompressor; for the reader's thread. */
public final class CompressedPayload {

  private final Decompressor decompressor;
  private final ByteBuffer body;

  /**
   * Wraps a decompressor and a buffer.
   *
   * @param decompressor closed by the caller
   * @param buffer freed by the caller: the longest payload, which a compressed one does not exceed
   */
  public CompressedPayload(Decompressor decompressor, MemorySegment buffer) {
    this.decompressor = decompressor;
    this.body = buffer.asByteBuffer();
  }

  /** Returns the buffer for the compressed payload. */
  ByteBuffer body() {
    return body;
  }

  /** Decompresses the payload and returns its length. */
  int decompress(int length, ByteBuffer into) throws DataFormatException {
    return decompressor.decompress(body, length, into);
  }
}
