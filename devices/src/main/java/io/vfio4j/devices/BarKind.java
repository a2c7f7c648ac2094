// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/**
 * The kind of a base address register (PCI Local Bus 3.0, 6.2.5.1; {@code PCI_BASE_ADDRESS_*} of
 * linux/pci_regs.h).
 */
public enum BarKind {
  /** I/O ports, at most 256. */
  IO(0x1, false),
  /** Memory below 4 GiB whose reads may have side effects. */
  MEMORY_32(0x0, false),
  /** Memory below 4 GiB without side effects: reads may be prefetched and writes merged. */
  PREFETCHABLE_32(0x8, false),
  /** Memory anywhere whose reads may have side effects; occupies the next register too. */
  MEMORY_64(0x4, true),
  /** Memory anywhere without side effects; occupies the next register too. */
  PREFETCHABLE_64(0xc, true);

  static final long MAX_IO_SIZE = 256;

  private final int flags;
  private final boolean is64Bit;

  BarKind(int flags, boolean wide) {
    this.flags = flags;
    this.is64Bit = wide;
  }

  /** Returns the low bits of the register, which are read-only. */
  int flags() {
    return flags;
  }

  /** Returns whether the address occupies two registers. */
  boolean is64Bit() {
    return is64Bit;
  }

  /** Returns the smallest size that such a register can express, in bytes. */
  long minSize() {
    return this == IO ? 4 : 16;
  }

  /** Returns the largest size in bytes. */
  long maxSize() {
    return this == IO ? MAX_IO_SIZE : is64Bit ? 1L << 62 : 1L << 31;
  }
}
