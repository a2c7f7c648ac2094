// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/**
 * The identity of a device at the start of its config space (PCI Local Bus 3.0, 6.2.1; linux/pci_regs.h).
 *
 * @param vendor {@code PCI_VENDOR_ID}, 16 bits
 * @param device {@code PCI_DEVICE_ID}, 16 bits
 * @param subsystemVendor {@code PCI_SUBSYSTEM_VENDOR_ID}, 16 bits
 * @param subsystem {@code PCI_SUBSYSTEM_ID}, 16 bits
 * @param classCode class, subclass and programming interface, 24 bits, as in 0xff0000
 * @param revision {@code PCI_REVISION_ID}, 8 bits
 */
public record PciIds(int vendor, int device, int subsystemVendor, int subsystem, int classCode,
    int revision) {

  /** The class of devices that fit no other class ({@code PCI_CLASS_OTHERS}). */
  public static final int CLASS_OTHERS = 0xff0000;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a number has too many bits
   */
  public PciIds {
    requireBits(16, vendor, "vendor");
    requireBits(16, device, "device");
    requireBits(16, subsystemVendor, "subsystem vendor");
    requireBits(16, subsystem, "subsystem");
    requireBits(24, classCode, "class code");
    requireBits(8, revision, "revision");
  }

  /** Returns ids whose subsystem has the same pair, of class {@link #CLASS_OTHERS}, revision 0. */
  public static PciIds of(int vendor, int device) {
    return new PciIds(vendor, device, vendor, device, CLASS_OTHERS, 0);
  }

  /** Returns this with another subsystem. */
  public PciIds withSubsystem(int subVendor, int subDevice) {
    return new PciIds(vendor, device, subVendor, subDevice, classCode, revision);
  }

  /** Returns this with another class, subclass and programming interface. */
  public PciIds withClassCode(int code) {
    return new PciIds(vendor, device, subsystemVendor, subsystem, code, revision);
  }

  /** Returns this with another revision. */
  public PciIds withRevision(int number) {
    return new PciIds(vendor, device, subsystemVendor, subsystem, classCode, number);
  }

  private static void requireBits(int bits, int value, String what) {
    if (value >>> bits != 0) {
      throw new IllegalArgumentException("%s 0x%x has more than %d bits".formatted(what, value, bits));
    }
  }
}
