// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.zstd;

import com.github.luben.zstd.ZstdCompressCtx;
import io.vfio4j.engine.codec.Compressor;
import java.nio.ByteBuffer;

/** Compresses each payload to one zstd frame that declares the content size. */
final class ZstdCompressor implements Compressor {

  private final ZstdCompressCtx context;

  ZstdCompressor(int level) {
    context = new ZstdCompressCtx();
    context.setLevel(level);
  }

  @Override
  public int compress(ByteBuffer from, int length, ByteBuffer into) {
    return context.compressDirectByteBuffer(into, 0, into.limit(), from, 0, length);
  }

  @Override
  public void close() {
    context.close();
  }
}
