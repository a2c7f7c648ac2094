// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An entry in the list of capabilities (PCI Local Bus 3.0, 6.7): a value and masks for each byte. */
class Capability {

  private final ByteBuffer values;
  private final ByteBuffer writeMask;
  private final ByteBuffer w1cMask;

  /**
   * Makes one that is zeros and cannot be written.
   *
   * @param id {@code PCI_CAP_ID_*} of linux/pci_regs.h
   * @param length bytes, those of id and next pointer included
   */
  Capability(int id, int length) {
    values = allocate(length).put(0, (byte) id);
    writeMask = allocate(length);
    w1cMask = allocate(length);
  }

  private static ByteBuffer allocate(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The bytes after a reset, by offset in the capability. */
  final ByteBuffer values() {
    return values;
  }

  /** The bits that can be written, by offset in the capability. */
  final ByteBuffer writeMask() {
    return writeMask;
  }

  /** The bits that a 1 written clears, by offset in the capability. */
  final ByteBuffer w1cMask() {
    return w1cMask;
  }

  final int length() {
    return values.capacity();
  }

  /**
   * Returns what becomes of a byte that is written.
   *
   * @param at offset in the capability
   * @param old what it was
   * @param data what is written
   */
  byte applyWrite(int at, byte old, byte data) {
    int mask = writeMask.get(at);
    return (byte) (((old & ~mask) | (data & mask)) & ~(data & w1cMask.get(at)));
  }
}
