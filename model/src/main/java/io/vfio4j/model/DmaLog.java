// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The log of memory that a device writes by DMA: {@code VFIO_DEVICE_FEATURE_DMA_LOGGING_START},
 * {@code _STOP} and {@code _REPORT} (uapi/linux/vfio.h). After any error of it, all memory counts as dirty.
 */
public interface DmaLog {

  /**
   * Starts logging.
   *
   * @param ranges what to log: at least one range, none overlapping another, aligned to the page size. Over vfio-user a
   *     start without ranges would log all memory, which the kernel refuses: it is refused here for either
   * @param pageSize the page size asked for, bytes, a power of two
   * @return the page size in which the device logs
   * @throws DeviceException EINVAL for wrong ranges, E2BIG for too many, EOVERFLOW for a range that wraps
   *     around, EINVAL if the log is started already
   */
  long start(List<IovaRange> ranges, long pageSize) throws DeviceException;

  /**
   * Stops logging and forgets what was logged.
   *
   * @throws DeviceException EINVAL if logging was not started
   */
  void stop() throws DeviceException;

  /**
   * Reads the log of a range and clears it.
   *
   * @param range which memory. The log of a container refuses a range that cuts a mapping, and the log of some vfio-user
   *     servers one that is not exactly a mapping
   * @param pageSize bytes per bit, a power of two of at least 4096
   * @param bitmap where bits are set, least significant first, none ever cleared; at least
   *     {@link #bitmapBytes} long
   * @throws DeviceException EINVAL for a wrong page size or without a start, E2BIG for a bitmap that is longer than
   *     {@link #maxBitmapSize}
   */
  void report(IovaRange range, long pageSize, MemorySegment bitmap) throws DeviceException;

  /**
   * Returns the longest bitmap that one report fills, in bytes, at least 8. A range whose bitmap is longer has to be
   * reported in pieces; no other range should be, since some logs report mappings as a whole and nothing else.
   */
  default long maxBitmapSize() {
    return Long.MAX_VALUE;
  }

  /** Returns the length of the bitmap for a range, in bytes: whole 64-bit words. */
  static long bitmapBytes(IovaRange range, long pageSize) {
    long pages = Long.divideUnsigned(range.length() - 1, pageSize) + 1;
    return (((pages - 1) >>> 6) + 1) * Long.BYTES;
  }
}
