// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.qmp;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The capabilities of a PCI function, as far as a guest can write to them.
 *
 * @param writable the registers of the PM, MSI and PCI Express capabilities
 * @param msix the offset of the MSI-X capability
 */
record PciCapabilities(List<Field> writable, OptionalInt msix) {

  private static final int POINTER = 0x34;
  private static final int FIRST = 0x40;
  private static final int MAX_CAPABILITIES = 48;
  private static final int PM = 0x01;
  private static final int MSI = 0x05;
  private static final int EXPRESS = 0x10;
  private static final int MSIX = 0x11;
  private static final int MSI_64_BIT = 1 << 7;
  private static final int MSI_MASKABLE = 1 << 8;

  /**
   * A register.
   *
   * @param offset its offset in config space
   * @param width its width in bytes
   */
  record Field(int offset, int width) {
  }

  /** Follows the list of capabilities. */
  static PciCapabilities read(PciConfig config) throws IOException {
    List<Field> writable = new ArrayList<>();
    OptionalInt msix = OptionalInt.empty();
    int at = config.read(POINTER, 1) & 0xfc;
    for (int i = 0; at >= FIRST; i++) {
      if (i == MAX_CAPABILITIES) {
        throw new IOException("the list of capabilities has no end");
      }
      switch (config.read(at, 1)) {
        case PM -> writable.add(new Field(at + 4, 2));
        case MSI -> addMsi(writable, at, config.read(at + 2, 2));
        case EXPRESS -> {
          // Device control, link control, device control 2.
          writable.add(new Field(at + 0x08, 2));
          writable.add(new Field(at + 0x10, 2));
          writable.add(new Field(at + 0x28, 2));
        }
        case MSIX -> msix = OptionalInt.of(at);
        default -> {
          // Nothing in it that a guest changes.
        }
      }
      at = config.read(at + 1, 1) & 0xfc;
    }
    return new PciCapabilities(writable, msix);
  }

  /** The control register is last, because it enables the interrupt. */
  private static void addMsi(List<Field> writable, int at, int control) {
    int upper = (control & MSI_64_BIT) != 0 ? Integer.BYTES : 0;
    writable.add(new Field(at + 4, Integer.BYTES));
    if (upper > 0) {
      writable.add(new Field(at + 8, Integer.BYTES));
    }
    writable.add(new Field(at + 8 + upper, 2));
    if ((control & MSI_MASKABLE) != 0) {
      writable.add(new Field(at + 12 + upper, Integer.BYTES));
    }
    writable.add(new Field(at + 2, 2));
  }
}
