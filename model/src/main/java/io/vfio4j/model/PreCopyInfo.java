// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * {@code struct vfio_precopy_info} (uapi/linux/vfio.h).
 *
 * @param initialBytes bytes of initial data still to be read; falls as they are
 * @param dirtyBytes bytes of changed data to be read; rises and falls
 * @param reinit whether new initial data has arrived ({@code VFIO_PRECOPY_INFO_REINIT}), only of a device
 *     that was asked to tell
 */
public record PreCopyInfo(long initialBytes, long dirtyBytes, boolean reinit) {

  /** Returns all bytes to be read before the device is stopped; at most {@link Long#MAX_VALUE}. */
  public long pending() {
    long sum = initialBytes + dirtyBytes;
    // The fields are u64 and come from outside.
    return (initialBytes | dirtyBytes | sum) < 0 ? Long.MAX_VALUE : sum;
  }
}
