// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * The identity of a device.
 *
 * @param name the address by which the user opened the device, for messages
 * @param vendorId PCI vendor ID, 16 bits
 * @param deviceId PCI device ID, 16 bits
 * @param subsystemVendorId PCI subsystem vendor ID, 16 bits
 * @param subsystemId PCI subsystem ID, 16 bits
 * @param classCode PCI base class, subclass and programming interface, 24 bits
 * @param driver the driver or server of the device, for messages
 */
public record DeviceIdentity(String name, int vendorId, int deviceId, int subsystemVendorId, int subsystemId,
    int classCode, String driver) {

  /** Returns whether both devices have the same four IDs, so that one may load the state of the other. */
  public boolean isSameKind(DeviceIdentity other) {
    return vendorId == other.vendorId && deviceId == other.deviceId
        && subsystemVendorId == other.subsystemVendorId && subsystemId == other.subsystemId;
  }

  /** Returns the four IDs in the format of {@code lspci -n}, as in {@code 1234:5634 (1234:0001)}. */
  public String ids() {
    return "%04x:%04x (%04x:%04x)".formatted(vendorId, deviceId, subsystemVendorId, subsystemId);
  }
}
