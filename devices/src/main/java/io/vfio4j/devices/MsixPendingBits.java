// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/** The MSI-X pending bit array (PCI Local Bus 3.0, 6.8.2.9): interrupts signalled while the device is stopped. */
record MsixPendingBits(MessageInterrupts messages) implements RegionPart {

  /** Returns the size of the array in bytes. */
  static int bytes(int vectors) {
    return (vectors + Long.SIZE - 1) / Long.SIZE * Long.BYTES;
  }

  @Override
  public void read(long offset, MemorySegment into) {
    for (int i = 0; i < into.byteSize(); i++) {
      int at = (int) offset + i;
      into.set(JAVA_BYTE, i, (byte) (messages.pending(at / Long.BYTES) >>> (at % Long.BYTES * Byte.SIZE)));
    }
  }

  @Override
  public void write(long offset, MemorySegment data) {
    // Read-only.
  }
}
