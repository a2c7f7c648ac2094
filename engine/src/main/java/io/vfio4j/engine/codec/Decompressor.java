// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/** Decompresses payloads independently of each other; they are not trusted. For one thread at a time. */
public interface Decompressor extends AutoCloseable {

  /**
   * Decompresses a payload. Positions and limits of the buffers are ignored, and do not change. Nothing is written beyond
   * {@code into}, and no memory is allocated according to lengths in the payload.
   *
   * @param from a direct buffer, with the compressed payload at its beginning; no other thread writes to it
   * @param length of the compressed payload in bytes, may be 0
   * @param into a direct buffer for the payload at its beginning; its content is undefined after an exception
   * @return the length of the payload, at least 1 and at most the capacity of {@code into}
   * @throws DataFormatException if it is not exactly one compressed payload, or does not fit
   */
  int decompress(ByteBuffer from, int length, ByteBuffer into) throws DataFormatException;

  /**
   * Frees its memory; idempotent.
   *
   * @throws IllegalStateException if a thread is decompressing
   */
  @Override
  void close();
}
