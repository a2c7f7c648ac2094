// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.codec;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** A codec based on the JDK's Deflater: the engine does not depend on the algorithm. Counts what was not closed. */
@SuppressWarnings("missing-explicit-ctor") // Not API: a test in an exported package.
public final class DeflateCodec implements Codec {

  public final AtomicInteger made = new AtomicInteger();
  public final AtomicInteger open = new AtomicInteger();

  private void opened() {
    made.incrementAndGet();
    open.incrementAndGet();
  }

  @Override
  public CompressionAlgorithm algorithm() {
    return CompressionAlgorithm.ZSTD;
  }

  @Override
  public int bound(int length) {
    return length + length / 100 + 100;
  }

  @Override
  public Compressor newCompressor(int level) {
    opened();
    Deflater deflater = new Deflater(Math.min(level, Deflater.BEST_COMPRESSION));
    return new Compressor() {
      @Override
      public int compress(ByteBuffer from, int length, ByteBuffer into) {
        deflater.reset();
        deflater.setInput(from.slice(0, length));
        deflater.finish();
        return deflater.deflate(into.duplicate());
      }

      @Override
      public void close() {
        deflater.end();
        open.decrementAndGet();
      }
    };
  }

  @Override
  public Decompressor newDecompressor() {
    opened();
    Inflater inflater = new Inflater();
    return new Decompressor() {
      @Override
      public int decompress(ByteBuffer from, int length, ByteBuffer into) throws DataFormatException {
        inflater.reset();
        inflater.setInput(from.slice(0, length));
        int count = inflater.inflate(into.duplicate());
        if (count == 0 || !inflater.finished() || inflater.getRemaining() > 0) {
          throw new DataFormatException("not one payload");
        }
        return count;
      }

      @Override
      public void close() {
        inflater.end();
        open.decrementAndGet();
      }
    };
  }
}
