// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import java.nio.ByteBuffer;

/** Compresses payloads independently of each other; for one thread at a time. */
public interface Compressor extends AutoCloseable {

  /**
   * Compresses a payload. Positions and limits of the buffers are ignored, and do not change.
   *
   * @param from a direct buffer, with the payload at its beginning
   * @param length of the payload in bytes, at least 1
   * @param into a direct buffer of at least {@link Codec#bound} bytes, for the compressed payload at its beginning
   * @return the compressed length, which may exceed the original
   */
  int compress(ByteBuffer from, int length, ByteBuffer into);

  /**
   * Frees its memory; idempotent.
   *
   * @throws IllegalStateException if a thread is compressing
   */
  @Override
  void close();
}
