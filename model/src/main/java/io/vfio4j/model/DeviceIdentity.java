// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

/**
 * What a device says it is.
 *
 * @param name how the user names it: its address, for messages
 * @param vendorId PCI vendor, 16 bits
 * @param deviceId PCI device, 16 bits
 * @param subsystemVendorId PCI subsystem vendor, 16 bits
 * @param subsystemId PCI subsystem, 16 bits
 * @param classCode PCI class, subclass and programming interface, 24 bits
 * @param driver who drives or serves it, for messages
 */
public record DeviceIdentity(String name, int vendorId, int deviceId, int subsystemVendorId, int subsystemId,
    int classCode, String driver) {

  /** Tells whether the ids are those of one kind of device, so that the state of one may suit the other. */
  public boolean isSameKind(DeviceIdentity other) {
    return vendorId == other.vendorId && deviceId == other.deviceId
        && subsystemVendorId == other.subsystemVendorId && subsystemId == other.subsystemId;
  }

  /** Returns the ids as {@code lspci -n} prints them, as in {@code 1234:5634 (1234:0001)}. */
  public String ids() {
    return "%04x:%04x (%04x:%04x)".formatted(vendorId, deviceId, subsystemVendorId, subsystemId);
  }
}
