// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.vfiouser.wire.Structs;

/**
 * What a server says of its device, {@code struct vfio_device_info} (uapi/linux/vfio.h).
 *
 * @param flags {@code VFIO_DEVICE_FLAGS_*}
 * @param regions how many regions it has
 * @param irqs how many interrupt indexes it has
 */
public record DeviceInfo(int flags, int regions, int irqs) {

  /** What is known of a device of which its server says nothing. */
  static final DeviceInfo UNKNOWN = new DeviceInfo(0, 0, 0);

  /** Tells whether the device can be reset. */
  public boolean canReset() {
    return (flags & Structs.DeviceInfo.RESET) != 0;
  }
}
