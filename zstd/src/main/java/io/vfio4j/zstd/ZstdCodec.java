// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.zstd;

import com.github.luben.zstd.Zstd;
import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.engine.codec.Compressor;
import io.vfio4j.engine.codec.Decompressor;

/**
 * The zstd codec. Its modules can be loaded only once per process, because a native library belongs to one class
 * loader.
 */
public final class ZstdCodec implements Codec {

  /**
   * Loads the native library.
   *
   * @throws IllegalStateException if it does not load; the message gives the cause and the remedy
   */
  public ZstdCodec() {
    NativeLibrary.load();
  }

  @Override
  public CompressionAlgorithm algorithm() {
    return CompressionAlgorithm.ZSTD;
  }

  @Override
  public int bound(int length) {
    return Math.toIntExact(Zstd.compressBound(length));
  }

  @Override
  public Compressor newCompressor(int level) {
    return new ZstdCompressor(level);
  }

  @Override
  public Decompressor newDecompressor() {
    return new ZstdDecompressor();
  }
}
