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
 * Takes frames of the kind that {@link ZstdCompressor} makes, and no others that libzstd would take: no skippable ones,
 * none of its older formats, no two in a row, none that does not say how long its content is. The content is written
 * straight into the buffer, with no window beside it, so what a frame says of windows allocates nothing.
 */
final class ZstdDecompressor implements Decompressor {

  /** RFC 8878, 3.1.1. */
  private static final int MAGIC = 0xfd2fb528;

  private final ZstdDecompressCtx context = new ZstdDecompressCtx();

  @Override
  public int decompress(ByteBuffer from, int length, ByteBuffer into) throws DataFormatException {
    int size = contentSize(from, length, into.limit());
    try {
      int written = context.decompressDirectByteBuffer(into, 0, size, from, 0, length);
      if (written != size) {
        throw new DataFormatException("it has %d bytes and says %d".formatted(written, size));
      }
      return written;
    } catch (ZstdException e) {
      throw corruptFrame(Zstd.getErrorName(-e.getErrorCode()), e);
    }
  }

  /** Returns how long the content of the only frame is, as it says itself. */
  private static int contentSize(ByteBuffer from, int length, int room) throws DataFormatException {
    if (length < Integer.BYTES || magic(from) != MAGIC) {
      throw new DataFormatException("no zstd frame");
    }
    long end = Zstd.findDirectByteBufferFrameCompressedSize(from, 0, length);
    if (Zstd.isError(end)) {
      throw corruptFrame(Zstd.getErrorName(end), null);
    }
    if (end != length) {
      throw new DataFormatException("%d bytes follow its zstd frame".formatted(length - end));
    }
    long size = Zstd.getDirectByteBufferFrameContentSize(from, 0, length);
    if (size < 1 || size > room) { // Below 0: none is said, or one beyond any number.
      throw new DataFormatException(size < 0
          ? "its zstd frame does not say how long it is"
          : "its zstd frame says that it is of %d bytes, and from 1 to %d may come".formatted(size, room));
    }
    return (int) size;
  }

  private static int magic(ByteBuffer from) {
    int value = from.getInt(0);
    return from.order() == ByteOrder.LITTLE_ENDIAN ? value : Integer.reverseBytes(value);
  }

  private static DataFormatException corruptFrame(String why, @Nullable Throwable cause) {
    DataFormatException e = new DataFormatException("no intact zstd frame (%s)".formatted(why));
    e.initCause(cause);
    return e;
  }

  @Override
  public void close() {
    context.close();
  }
}
