// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/**
 * What a base address register says of its region (PCI Local Bus 3.0, 6.2.5.1; {@code PCI_BASE_ADDRESS_*} of
 * linux/pci_regs.h).
 */
public enum BarKind {
  /** I/O ports; at most 256 of them. */
  IO(0x1, false),
  /** Memory below 4 GiB, whose reads may have effects. */
  MEMORY_32(0x0, false),
  /** Memory below 4 GiB that may be read ahead and written together. */
  PREFETCHABLE_32(0x8, false),
  /** Memory anywhere, whose reads may have effects; takes the next register too. */
  MEMORY_64(0x4, true),
  /** Memory anywhere that may be read ahead and written together; takes the next register too. */
  PREFETCHABLE_64(0xc, true);

  static final long MAX_IO_SIZE = 256;

  private final int flags;
  private final boolean is64Bit;

  BarKind(int flags, boolean wide) {
    this.flags = flags;
    this.is64Bit = wide;
  }

  /** Returns the low bits of the register, which cannot be written. */
  int flags() {
    return flags;
  }

  /** Tells whether the address takes two registers. */
  boolean is64Bit() {
    return is64Bit;
  }

  /** Returns the least size that such a register can tell, bytes. */
  long minSize() {
    return this == IO ? 4 : 16;
  }

  /** Returns the greatest size, bytes. */
  long maxSize() {
    return this == IO ? MAX_IO_SIZE : is64Bit ? 1L << 62 : 1L << 31;
  }
}
