// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;

/** Checks the bitmap of a dirty page report: the kernel receives a plain address. */
final class ReportBitmap {

  private ReportBitmap() {}

  /**
   * Returns the number of bytes of the bitmap that a report fills.
   *
   * @throws DeviceException EINVAL for a page size that is not a power of two of at least 4096, or a bitmap
   *     that is too short
   */
  static long checkedSize(String device, IovaRange range, long pageSize, MemorySegment bitmap)
      throws DeviceException {
    if (!bitmap.isNative() || bitmap.isReadOnly()) {
      throw new IllegalArgumentException("the bitmap is not native memory that can be written");
    }
    if (Long.bitCount(pageSize) != 1 || Long.compareUnsigned(pageSize, 4096) < 0) {
      throw new DeviceException(device, "report dirty pages of " + Long.toUnsignedString(pageSize) + " bytes",
          Errno.EINVAL);
    }
    long bytes = DmaLog.bitmapBytes(range, pageSize);
    if (bytes > bitmap.byteSize()) {
      throw new DeviceException(device, "report dirty pages into a bitmap of %d bytes instead of %d"
          .formatted(bitmap.byteSize(), bytes), Errno.EINVAL);
    }
    return bytes;
  }
}
