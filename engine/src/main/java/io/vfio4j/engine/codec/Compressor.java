// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import java.nio.ByteBuffer;

/** Compresses one payload after the other, each by itself; for one thread at a time. */
public interface Compressor extends AutoCloseable {

  /**
   * Compresses a payload. Positions and limits of the buffers have no meaning and stay as they are.
   *
   * @param from a direct buffer, with the payload at its beginning
   * @param length of the payload, bytes, from 1
   * @param into a direct buffer with room for {@link Codec#bound} bytes, which gets the compressed payload at its beginning
   * @return how many bytes it takes compressed, which may be more than the length
   */
  int compress(ByteBuffer from, int length, ByteBuffer into);

  /**
   * Frees what it holds; doing so again does nothing.
   *
   * @throws IllegalStateException if a thread is compressing
   */
  @Override
  void close();
}
