// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/** The pending bits of MSI-X (PCI Local Bus 3.0, 6.8.2.9): what is held back while the device is stopped. */
record MsixPendingBits(MessageInterrupts messages) implements RegionPart {

  /** Returns the bytes that so many vectors take. */
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
    // Only to be read.
  }
}
