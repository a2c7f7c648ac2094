// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/** Creates the capabilities that devices can declare. Constants are those of linux/pci_regs.h. */
final class Capabilities {

  private static final int POWER_MANAGEMENT = 0x01;
  private static final int MSI = 0x05;
  private static final int VENDOR_SPECIFIC = 0x09;
  private static final int EXPRESS = 0x10;
  private static final int MSIX = 0x11;

  private static final int MAX_VENDOR_CONTENT = 128;

  private Capabilities() {
  }

  /**
   * Power Management 1.2, chapter 3: D0 and D3hot, without a reset on the transition to D0; no power management
   * events.
   */
  static Capability powerManagement() {
    int version = 3;
    int noSoftReset = 0x8;
    int stateMask = 0x3;
    int d3Hot = 3;
    int control = 4;
    Capability made = new Capability(POWER_MANAGEMENT, 8) {
      @Override
      byte applyWrite(int at, byte old, byte data) {
        int state = data & stateMask;
        // A write of an unsupported state is ignored.
        return at == control && state != 0 && state != d3Hot ? old : super.applyWrite(at, old, data);
      }
    };
    made.values().putShort(2, (short) version).putShort(control, (short) noSoftReset);
    made.writeMask().putShort(control, (short) stateMask);
    return made;
  }

  /** PCI Local Bus 3.0, 6.8.1: 64-bit addresses, no per-vector masking. */
  static Capability msi(int vectors) {
    if (vectors < 1 || vectors > 32 || Integer.bitCount(vectors) != 1) {
      throw new IllegalArgumentException(vectors + " MSI vectors: expected a power of two from 1 to 32");
    }
    Capability made = new Capability(MSI, 14);
    made.values().putShort(2, (short) (0x80 | Integer.numberOfTrailingZeros(vectors) << 1));
    made.writeMask().putShort(2, (short) 0x71).putInt(4, ~3).putInt(8, ~0).putShort(12, (short) ~0);
    return made;
  }

  /** PCI Local Bus 3.0, 6.8.2. */
  static Capability msix(int vectors, int bar, long tableOffset, long pendingOffset) {
    Capability made = new Capability(MSIX, 12);
    made.values().putShort(2, (short) (vectors - 1)).putInt(4, Math.toIntExact(tableOffset) | bar).putInt(8,
        Math.toIntExact(pendingOffset) | bar);
    made.writeMask().putShort(2, (short) 0xc000);
    return made;
  }

  /**
   * PCI Express Base 5.0, 7.5.3: an endpoint with a link of 2.5 GT/s and one lane.
   *
   * @param reset called when a function-level reset is requested
   */
  static Capability express(Runnable reset) {
    int deviceControlHigh = 9;
    Capability made = new Capability(EXPRESS, 0x3c) {
      @Override
      byte applyWrite(int at, byte old, byte data) {
        if (at == deviceControlHigh && (data & 0x80) != 0) {
          reset.run(); // PCI_EXP_DEVCTL_BCR_FLR
        }
        return super.applyWrite(at, old, data);
      }
    };
    made.values().putShort(2, (short) 2) // version 2 of the capability, an endpoint
        .putInt(4, 0x1000_8000) // PCI_EXP_DEVCAP_FLR, PCI_EXP_DEVCAP_RBER
        .putShort(8, (short) 0x2810) // reads of 512 bytes, no-snoop, relaxed ordering
        .putInt(0xc, 0x11).putShort(0x12, (short) 0x11) // link capabilities and status
        .putInt(0x2c, 0x2).putShort(0x30, (short) 0x1); // supported and target link speed
    made.writeMask().putShort(8, (short) 0x78ff).putShort(0x10, (short) 0xc8).putShort(0x30, (short) 0xf);
    made.w1cMask().putShort(0xa, (short) 0xf); // the errors of the device status
    return made;
  }

  /** PCI Local Bus 3.0, appendix H: the vendor defines the bytes after the length. */
  static Capability vendorSpecific(byte[] content, byte[] writable) {
    if (content.length > MAX_VENDOR_CONTENT || writable.length != content.length) {
      throw new IllegalArgumentException(
          "%d bytes of content and %d of mask: expected equal lengths of at most %d"
              .formatted(content.length, writable.length, MAX_VENDOR_CONTENT));
    }
    Capability made = new Capability(VENDOR_SPECIFIC, 3 + content.length);
    made.values().put(2, (byte) made.length()).put(3, content);
    made.writeMask().put(3, writable);
    return made;
  }
}
