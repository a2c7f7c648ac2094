// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

/** A compression algorithm for the DATA and MEMORY frames of a migration stream. The engine contains none itself. */
public interface Codec {

  CompressionAlgorithm algorithm();

  /** Returns the maximum compressed length of a payload. */
  int bound(int length);

  /**
   * Creates a compressor, which the caller closes.
   *
   * @param level from 1, the fastest, to {@link CompressionAlgorithm#maxLevel}
   */
  Compressor newCompressor(int level);

  /** Creates a decompressor, which the caller closes. */
  Decompressor newDecompressor();
}
