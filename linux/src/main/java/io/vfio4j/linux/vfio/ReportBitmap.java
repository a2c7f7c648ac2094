// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.Errno;
import io.vfio4j.model.IovaRange;
import java.lang.foreign.MemorySegment;

/** Checks what a report of dirty memory is to be written to: the kernel gets a bare address. */
final class ReportBitmap {

  private ReportBitmap() {}

  /**
   * Returns the bytes of the bitmap that a report of a range fills.
   *
   * @throws DeviceException EINVAL for a page size that is no power of two of at least 4096, or too short a bitmap
   */
  static long checkedSize(String device, IovaRange range, long pageSize, MemorySegment bitmap)
      throws DeviceException {
    if (!bitmap.isNative() || bitmap.isReadOnly()) {
      throw new IllegalArgumentException("a bitmap that is no native memory to be written to");
    }
    if (Long.bitCount(pageSize) != 1 || Long.compareUnsigned(pageSize, 4096) < 0) {
      throw new DeviceException(device, "report dirty pages of " + Long.toUnsignedString(pageSize) + " bytes",
          Errno.EINVAL);
    }
    long bytes = DmaLog.bitmapBytes(range, pageSize);
    if (bytes > bitmap.byteSize()) {
      throw new DeviceException(device, "report dirty pages into a bitmap of %d bytes, where it takes %d"
          .formatted(bitmap.byteSize(), bytes), Errno.EINVAL);
    }
    return bytes;
  }
}
