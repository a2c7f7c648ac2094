// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

/**
 * The IDs in the config space of a PCI device.
 *
 * @param vendor 16 bits
 * @param device 16 bits
 * @param subsystemVendor 16 bits
 * @param subsystem 16 bits
 * @param classCode base class, subclass and programming interface, 24 bits
 */
public record PciIds(int vendor, int device, int subsystemVendor, int subsystem, int classCode) {

  private static final int CLASS_BRIDGE = 0x06;

  /** Returns whether the device is a bridge: part of the machine, and not to be assigned. */
  public boolean isBridge() {
    return classCode >>> 16 == CLASS_BRIDGE;
  }

  /** Returns the MODALIAS by which modules match devices, without its bus. */
  String modalias() {
    return "v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X".formatted(vendor, device, subsystemVendor, subsystem,
        classCode >>> 16 & 0xff, classCode >>> 8 & 0xff, classCode & 0xff);
  }
}
