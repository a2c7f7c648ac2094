// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.zstd;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.vfio4j.engine.codec.Decompressor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses frames as {@link ZstdCompressor} creates them, and rejects everything else that libzstd accepts:
 * skippable frames, legacy formats, concatenated frames, and frames without a content size. It decompresses
 * directly into the buffer, so the window size that a frame declares allocates nothing.
 */
final class ZstdDecompressor implements Decompressor {

  /** RFC 8878, section 3.1.1. */
  private static final int MAGIC = 0xfd2fb528;

  private final ZstdDecompressCtx context = new ZstdDecompressCtx();

  @Override
  public int decompress(ByteBuffer from, int length, ByteBuffer into) throws DataFormatException {
    int size = contentSize(from, length, into.limit());
    try {
      int written = context.decompressDirectByteBuffer(into, 0, size, from, 0, length);
      if (written != size) {
        throw new DataFormatException(
            "the zstd frame has %d bytes of content but declares %d".formatted(written, size));
      }
      return written;
    } catch (ZstdException e) {
      throw corruptFrame(Zstd.getErrorName(-e.getErrorCode()), e);
    }
  }

  /** Returns the content size that the only frame declares. */
  private static int contentSize(ByteBuffer from, int length, int room) throws DataFormatException {
    if (length < Integer.BYTES || magic(from) != MAGIC) {
      throw new DataFormatException("not a zstd frame");
    }
    long end = Zstd.findDirectByteBufferFrameCompressedSize(from, 0, length);
    if (Zstd.isError(end)) {
      throw corruptFrame(Zstd.getErrorName(end), null);
    }
    if (end != length) {
      throw new DataFormatException("%d bytes follow its zstd frame".formatted(length - end));
    }
    long size = Zstd.getDirectByteBufferFrameContentSize(from, 0, length);
    if (size < 1 || size > room) { // Negative: not declared, or beyond the range of a long.
      throw new DataFormatException(size < 0
          ? "its zstd frame does not declare its content size"
          : "its zstd frame declares %d bytes of content (expected 1 to %d)".formatted(size, room));
    }
    return (int) size;
  }

  private static int magic(ByteBuffer from) {
    int value = from.getInt(0);
    return from.order() == ByteOrder.LITTLE_ENDIAN ? value : Integer.reverseBytes(value);
  }

  private static DataFormatException corruptFrame(String why, @Nullable Throwable cause) {
    DataFormatException e = new DataFormatException("corrupt zstd frame (%s)".formatted(why));
    e.initCause(cause);
    return e;
  }

  @Override
  public void close() {
    context.close();
  }
}
