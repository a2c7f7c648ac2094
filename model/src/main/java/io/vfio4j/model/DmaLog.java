// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The log of memory that a device writes by DMA: {@code VFIO_DEVICE_FEATURE_DMA_LOGGING_START}, {@code _STOP}
 * and {@code _REPORT} (uapi/linux/vfio.h). After any error, all memory must be assumed dirty.
 */
public interface DmaLog {

  /**
   * Starts logging.
   *
   * @param ranges the ranges to log: at least one, not overlapping, aligned to the page size. Over vfio-user,
   *     a start without ranges would log all memory, which the kernel refuses; this method always refuses it
   * @param pageSize the page size requested, in bytes, a power of two
   * @return the page size in which the device logs, in bytes
   * @throws DeviceException EINVAL for invalid ranges or if logging is already on, E2BIG for too many ranges,
   *     EOVERFLOW for a range that wraps around
   */
  long start(List<IovaRange> ranges, long pageSize) throws DeviceException;

  /**
   * Stops logging and clears the log.
   *
   * @throws DeviceException EINVAL if logging is off
   */
  void stop() throws DeviceException;

  /**
   * Reads the log of a range and clears it.
   *
   * @param range the range. The log of a container refuses a range that cuts a mapping; that of some
   *     vfio-user servers refuses a range that is not exactly a mapping
   * @param pageSize bytes per bit, a power of two of at least 4096
   * @param bitmap the bitmap in which bits are set, least significant first, and none cleared; at least
   *     {@link #bitmapBytes} long
   * @throws DeviceException EINVAL for an invalid page size or if logging is off, E2BIG for a bitmap longer
   *     than {@link #maxBitmapSize}
   */
  void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException;

  /**
   * Returns the size of the longest bitmap that one report fills, in bytes, at least 8. A range with a longer
   * bitmap must be reported in pieces; no other range should be, since some logs report whole mappings only.
   */
  default long maxBitmapSize() {
    return Long.MAX_VALUE;
  }

  /** Returns the size of the bitmap for a range, in bytes: whole 64-bit words. */
  static long bitmapBytes(IovaRange range, long pageSize) {
    long pages = Long.divideUnsigned(range.length() - 1, pageSize) + 1;
    return (((pages - 1) >>> 6) + 1) * Long.BYTES;
  }
}
