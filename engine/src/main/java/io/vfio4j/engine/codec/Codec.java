// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

/** One way to compress the bulk of a migration stream, payload by payload. The engine has none itself. */
public interface Codec {

  /** Returns which way. */
  CompressionAlgorithm algorithm();

  /** Returns how many bytes a payload may take compressed, at most. */
  int bound(int length);

  /**
   * Makes a compressor, which is the caller's to close.
   *
   * @param level from 1, the quickest, to {@link CompressionAlgorithm#maxLevel}
   */
  Compressor newCompressor(int level);

  /** Makes a decompressor, which is the caller's to close. */
  Decompressor newDecompressor();
}
