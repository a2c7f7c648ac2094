// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.wire.Structs;

/**
 * The reply to DEVICE_GET_INFO, {@code struct vfio_device_info} (uapi/linux/vfio.h).
 *
 * @param flags {@code VFIO_DEVICE_FLAGS_*}
 * @param regions number of regions
 * @param irqs number of interrupt indexes
 */
public record DeviceInfo(int flags, int regions, int irqs) {

  /** Stands for the reply of a server that refused. */
  static final DeviceInfo UNKNOWN = new DeviceInfo(0, 0, 0);

  /** Returns whether the server reports that the device can be reset. */
  public boolean canReset() {
    return (flags & Structs.DeviceInfo.RESET) != 0;
  }
}
