// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The MSI-X table (PCI Local Bus 3.0, 6.8.2). With VFIO it is only storage for the driver: SET_IRQS routes and masks the
 * interrupts.
 */
final class MsixTable implements RegionPart {

  static final int ENTRY_BYTES = 16;

  private static final int CONTROL_OFFSET = 12;
  private static final int MASKED = 1;
  private static final ValueLayout.OfInt LE_INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final DeviceContext context;
  private final int[] words;

  MsixTable(DeviceContext context, int vectors) {
    this.context = context;
    this.words = new int[vectors * ENTRY_BYTES / Integer.BYTES];
    reset();
  }

  @Override
  public void read(long offset, MemorySegment into) {
    for (int i = 0; i < into.byteSize(); i++) {
      int at = (int) offset + i;
      into.set(JAVA_BYTE, i, (byte) (words[at / Integer.BYTES] >>> (at % Integer.BYTES * Byte.SIZE)));
    }
  }

  @Override
  public void write(long offset, MemorySegment data) {
    if (offset % Integer.BYTES != 0 || data.byteSize() % Integer.BYTES != 0) {
      context
          .log("ignored a write of %d bytes at 0x%x of the MSI-X table: expected 4 or 8 bytes, aligned"
              .formatted(data.byteSize(), offset));
      return;
    }
    for (int i = 0; i < data.byteSize(); i += Integer.BYTES) {
      int at = (int) offset + i;
      int value = data.get(LE_INT, i);
      words[at / Integer.BYTES] = at % ENTRY_BYTES == CONTROL_OFFSET ? value & MASKED : value;
    }
  }

  void reset() {
    for (int word = 0; word < words.length; word++) {
      words[word] = word * Integer.BYTES % ENTRY_BYTES == CONTROL_OFFSET ? MASKED : 0;
    }
  }
}
