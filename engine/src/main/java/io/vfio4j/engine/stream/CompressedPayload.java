// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.codec.Decompressor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/** Where a reader puts a payload that comes compressed, and gets it back from; for the reader's thread. */
public final class CompressedPayload {

  private final Decompressor decompressor;
  private final ByteBuffer body;

  /**
   * Makes one.
   *
   * @param decompressor is the caller's to close
   * @param buffer the caller's to free: the longest payload. One that is compressed is no longer
   */
  public CompressedPayload(Decompressor decompressor, MemorySegment buffer) {
    this.decompressor = decompressor;
    this.body = buffer.asByteBuffer();
  }

  /** Returns where the payload goes. */
  ByteBuffer body() {
    return body;
  }

  /** Gets the payload back, and returns its length. */
  int decompress(int length, ByteBuffer into) throws DataFormatException {
    return decompressor.decompress(body, length, into);
  }
}
