// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

/**
 * What a server says of a region, {@code struct vfio_region_info} (uapi/linux/vfio.h).
 *
 * @param index the region's index
 * @param size bytes, 0 where there is no such region
 * @param readable {@code VFIO_REGION_INFO_FLAG_READ}
 * @param writable {@code VFIO_REGION_INFO_FLAG_WRITE}
 * @param mappable {@code VFIO_REGION_INFO_FLAG_MMAP}
 */
public record RegionInfo(int index, long size, boolean readable, boolean writable, boolean mappable) {
}
