// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.IovaRange;
import io.vfio4j.model.dma.DirtyLog;
import io.vfio4j.vfiouser.Limits;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Allocates the bitmaps of dirty reports. One exists at a time; it is freed when the next one is allocated.
 */
public final class DirtyBitmapBuffer implements AutoCloseable {

  /** One bitmap. */
  private static final class Bitmap implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment bits;

    Bitmap(long bytes) {
      bits = arena.allocate(bytes, Long.BYTES);
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  private final Limits limits;
  private @Nullable Bitmap current;

  public DirtyBitmapBuffer(Limits limits) {
    this.limits = limits;
  }

  /**
   * Returns the size of a bitmap, bytes.
   *
   * @throws ErrnoException EINVAL for a wrong page size or an empty range, EOVERFLOW for a range that wraps
   *     around, E2BIG for a bitmap larger than negotiated
   */
  long size(long iova, long length, long pageSize) throws ErrnoException {
    if (Long.bitCount(pageSize) != 1 || Long.compareUnsigned(pageSize, DirtyLog.PAGE_SIZE) < 0
        || length == 0) {
      throw new ErrnoException(Errno.EINVAL, "cannot report in pages of " + Long.toUnsignedString(pageSize));
    }
    if (!IovaRange.isValid(iova, length)) {
      throw new ErrnoException(Errno.EOVERFLOW, "0x%x+0x%x wraps around".formatted(iova, length));
    }
    long bytes = DmaLog.bitmapBytes(new IovaRange(iova, length), pageSize);
    if (bytes > limits.maxBitmapSize()) {
      throw new ErrnoException(Errno.E2BIG, "a bitmap of " + bytes + " bytes");
    }
    return bytes;
  }

  /**
   * Allocates a bitmap without a bit set, and frees the previous one.
   *
   * @param bytes at least {@link #size}
   * @throws ErrnoException E2BIG if it is larger than negotiated
   */
  MemorySegment allocate(long bytes) throws ErrnoException {
    if (bytes < 0 || bytes > limits.maxBitmapSize()) {
      throw new ErrnoException(Errno.E2BIG, "a bitmap of " + Long.toUnsignedString(bytes) + " bytes");
    }
    close();
    Bitmap bitmap = new Bitmap(bytes);
    current = bitmap;
    return bitmap.bits;
  }

  @Override
  public void close() {
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
