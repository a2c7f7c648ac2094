// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

/**
 * What a PCI device says that it is, as in its config space.
 *
 * @param vendor 16 bits
 * @param device 16 bits
 * @param subsystemVendor 16 bits
 * @param subsystem 16 bits
 * @param classCode class, subclass and programming interface, 24 bits
 */
public record PciIds(int vendor, int device, int subsystemVendor, int subsystem, int classCode) {

  private static final int CLASS_BRIDGE = 0x06;

  /** Tells whether it connects buses, or belongs to the machine itself, and is nobody's to hand on. */
  public boolean isBridge() {
    return classCode >>> 16 == CLASS_BRIDGE;
  }

  /** Returns the text that modules are found by, {@code Documentation/driver-api} of MODALIAS, without its bus. */
  String modalias() {
    return "v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X".formatted(vendor, device, subsystemVendor, subsystem,
        classCode >>> 16 & 0xff, classCode >>> 8 & 0xff, classCode & 0xff);
  }
}
