// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;

/** Gets back one payload after the other, each by itself, whatever somebody else made of them; for one thread at a time. */
public interface Decompressor extends AutoCloseable {

  /**
   * Gets a payload back. Positions and limits of the buffers have no meaning and stay as they are. Nothing is written
   * beyond {@code into}, and nothing is allocated by what the payload says of itself.
   *
   * @param from a direct buffer, with the compressed payload at its beginning; nobody writes to it meanwhile
   * @param length of the compressed payload, bytes, from 0
   * @param into a direct buffer that gets the payload at its beginning; after an exception it may hold anything
   * @return how many bytes the payload has, at least 1 and at most the capacity of {@code into}
   * @throws DataFormatException if it is not exactly one payload that was compressed, or has no room
   */
  int decompress(ByteBuffer from, int length, ByteBuffer into) throws DataFormatException;

  /**
   * Frees what it holds; doing so again does nothing.
   *
   * @throws IllegalStateException if a thread is decompressing
   */
  @Override
  void close();
}
