// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.zstd;

import com.github.luben.zstd.Zstd;
import io.vfio4j.engine.codec.Codec;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.engine.codec.Compressor;
import io.vfio4j.engine.codec.Decompressor;

/** Zstd. The modules that it consists of can be loaded once in a process: the native library belongs to one class loader. */
public final class ZstdCodec implements Codec {

  /**
   * Loads the native library.
   *
   * @throws IllegalStateException if that cannot be done, with words on why and what to do
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
