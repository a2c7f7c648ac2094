// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An entry of the capability list (PCI Local Bus 3.0, 6.7): a value and two masks for each byte. */
class Capability {

  private final ByteBuffer values;
  private final ByteBuffer writeMask;
  private final ByteBuffer w1cMask;

  /**
   * Creates a capability whose bytes are zero and read-only.
   *
   * @param id {@code PCI_CAP_ID_*} of linux/pci_regs.h
   * @param length bytes, including id and next pointer
   */
  Capability(int id, int length) {
    values = allocate(length).put(0, (byte) id);
    writeMask = allocate(length);
    w1cMask = allocate(length);
  }

  private static ByteBuffer allocate(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns the values after a reset, by offset in the capability. */
  final ByteBuffer values() {
    return values;
  }

  /** Returns the mask of writable bits, by offset in the capability. */
  final ByteBuffer writeMask() {
    return writeMask;
  }

  /** Returns the mask of write-one-to-clear bits, by offset in the capability. */
  final ByteBuffer w1cMask() {
    return w1cMask;
  }

  final int length() {
    return values.capacity();
  }

  /**
   * Returns the value of a byte after a write.
   *
   * @param at offset in the capability
   * @param old the value before
   * @param data the byte written
   */
  byte applyWrite(int at, byte old, byte data) {
    int mask = writeMask.get(at);
    return (byte) (((old & ~mask) | (data & mask)) & ~(data & w1cMask.get(at)));
  }
}
