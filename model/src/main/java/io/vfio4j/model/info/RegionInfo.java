// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.info;

import java.util.List;
import java.util.Optional;

/**
 * The properties of a region, {@code struct vfio_region_info} (uapi/linux/vfio.h).
 *
 * @param index the index of the region
 * @param size size in bytes, 0 if the device does not have the region
 * @param readable {@code VFIO_REGION_INFO_FLAG_READ}
 * @param writable {@code VFIO_REGION_INFO_FLAG_WRITE}
 * @param mappable {@code VFIO_REGION_INFO_FLAG_MMAP}
 * @param capabilities the chain of {@code VFIO_REGION_INFO_FLAG_CAPS}, in order
 */
public record RegionInfo(int index, long size, boolean readable, boolean writable, boolean mappable,
    List<RegionCapability> capabilities) {

  public RegionInfo {
    capabilities = List.copyOf(capabilities);
  }

  /** Returns the first capability of a type. */
  public <T extends RegionCapability> Optional<T> capability(Class<T> kind) {
    return capabilities.stream().filter(kind::isInstance).map(kind::cast).findFirst();
  }
}
