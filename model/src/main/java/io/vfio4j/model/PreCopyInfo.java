// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * {@code struct vfio_precopy_info} (uapi/linux/vfio.h).
 *
 * @param initialBytes bytes of initial data still to be read, u64; decreases as they are read
 * @param dirtyBytes bytes of changed data to be read, u64; increases and decreases
 * @param reinit whether new initial data has become available ({@code VFIO_PRECOPY_INFO_REINIT}); reported
 *     only if the device was asked to
 */
public record PreCopyInfo(long initialBytes, long dirtyBytes, boolean reinit) {

  /** Returns the number of bytes to be read before the device is stopped, at most {@link Long#MAX_VALUE}. */
  public long pending() {
    long sum = initialBytes + dirtyBytes;
    // The fields are u64 from an untrusted source.
    return (initialBytes | dirtyBytes | sum) < 0 ? Long.MAX_VALUE : sum;
  }
}
