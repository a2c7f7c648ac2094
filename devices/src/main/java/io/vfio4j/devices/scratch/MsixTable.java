// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.scratch.ScratchLayout.VECTORS;

/**
 * The MSI-X table and pending bits. Under VFIO they are the driver's notebook: interrupts go where SET_IRQS
 * says, are masked by it, and so are never pending here.
 */
final class MsixTable implements WordAccess.Registers {

  private static final int ENTRY = 16;
  private static final int CONTROL = 12;
  private static final int MASKED = 1;

  private final int[] words = new int[VECTORS * ENTRY / Integer.BYTES];

  MsixTable() {
    reset();
  }

  /** {@inheritDoc} What lies beyond the table is 0, the pending bits too. */
  @Override
  public long read(int offset) {
    int word = offset / Integer.BYTES;
    return word + 1 < words.length
        ? Integer.toUnsignedLong(words[word]) | (long) words[word + 1] << Integer.SIZE
        : 0;
  }

  @Override
  public void write(int offset, int value) {
    int word = offset / Integer.BYTES;
    if (word < words.length) {
      words[word] = offset % ENTRY == CONTROL ? value & MASKED : value;
    }
  }

  void reset() {
    for (int word = 0; word < words.length; word++) {
      words[word] = word * Integer.BYTES % ENTRY == CONTROL ? MASKED : 0;
    }
  }
}
