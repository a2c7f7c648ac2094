// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The PCI config space (PCI Local Bus 3.0, chapter 6): a value and a mask of writable bits for each byte. That also
 * implements BAR sizing. Constants are those of linux/pci_regs.h.
 */
final class ConfigSpace {

  static final int CONVENTIONAL_SIZE = 256;
  static final int EXTENDED_SIZE = 4096;

  private static final int COMMAND = 0x04;
  private static final int STATUS = 0x06;
  private static final int BAR0 = 0x10;
  private static final int FIRST_CAPABILITY = 0x40;

  private static final int COMMAND_IO = 0x1;
  private static final int COMMAND_MEMORY = 0x2;
  /** Bus master, parity, SERR, INTx disable. */
  private static final int COMMAND_WRITABLE = 0x0544;
  private static final int INTX_DISABLE = 1 << 10;
  private static final int STATUS_INTX = 1 << 3;
  private static final int STATUS_CAPABILITIES = 1 << 4;

  private final ByteBuffer values;
  private final byte[] writeMask;
  private final byte[] initial;
  private final @Nullable Capability[] capabilityAt;
  private final int[] capabilityOffset;

  /**
   * Lays out the config space.
   *
   * @param bars the regions by index, null for those not declared
   * @throws IllegalArgumentException if the capabilities do not fit
   */
  ConfigSpace(int size, PciIds ids, @Nullable Bar[] bars, boolean intx, List<Capability> capabilities) {
    values = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    writeMask = new byte[size];
    capabilityAt = new Capability[CONVENTIONAL_SIZE];
    capabilityOffset = new int[CONVENTIONAL_SIZE];
    ByteBuffer masks = ByteBuffer.wrap(writeMask).order(ByteOrder.LITTLE_ENDIAN);
    identify(ids);
    masks.put(0x0c, (byte) 0xff); // PCI_CACHE_LINE_SIZE
    masks.put(0x3c, (byte) 0xff); // PCI_INTERRUPT_LINE
    values.put(0x3d, (byte) (intx ? 1 : 0)); // PCI_INTERRUPT_PIN: A
    int command = COMMAND_WRITABLE;
    for (Bar bar : bars) {
      if (bar != null) {
        add(bar, masks);
        command |= bar.kind() == BarKind.IO ? COMMAND_IO : COMMAND_MEMORY;
      }
    }
    masks.putShort(COMMAND, (short) command);
    add(capabilities);
    initial = values.array().clone();
  }

  private void identify(PciIds ids) {
    values.putShort(0x00, (short) ids.vendor());
    values.putShort(0x02, (short) ids.device());
    values.putInt(0x08, ids.classCode() << 8 | ids.revision());
    values.putShort(0x2c, (short) ids.subsystemVendor());
    values.putShort(0x2e, (short) ids.subsystem());
  }

  private void add(Bar bar, ByteBuffer masks) {
    int at = BAR0 + Integer.BYTES * bar.index();
    values.putInt(at, bar.kind().flags());
    if (bar.kind().is64Bit()) {
      masks.putLong(at, -bar.size());
    } else {
      masks.putInt(at, (int) -bar.size());
    }
  }

  private void add(List<Capability> capabilities) {
    int pointer = 0x34; // PCI_CAPABILITY_LIST
    int at = FIRST_CAPABILITY;
    for (Capability capability : capabilities) {
      if (at > CONVENTIONAL_SIZE - capability.length()) {
        throw new IllegalArgumentException(
            "the capabilities do not fit in the %d bytes of config space".formatted(CONVENTIONAL_SIZE));
      }
      values.put(pointer, (byte) at);
      values.put(at, capability.values(), 0, capability.length());
      for (int i = 2; i < capability.length(); i++) {
        capabilityAt[at + i] = capability;
        capabilityOffset[at + i] = at;
      }
      pointer = at + 1;
      at = (at + capability.length() + 3) & ~3;
    }
    values.putShort(STATUS, (short) (capabilities.isEmpty() ? 0 : STATUS_CAPABILITIES));
  }

  int size() {
    return values.capacity();
  }

  /** Reads bytes. The interrupt bit of the status register is set if INTx is pending. */
  void read(int offset, MemorySegment into, boolean intxPending) {
    int status = (values.get(STATUS) & ~STATUS_INTX) | (intxPending ? STATUS_INTX : 0);
    values.put(STATUS, (byte) status);
    MemorySegment.copy(values.array(), offset, into, JAVA_BYTE, 0, (int) into.byteSize());
  }

  void write(int offset, MemorySegment data) {
    for (int i = 0; i < data.byteSize(); i++) {
      int at = offset + i;
      byte written = data.get(JAVA_BYTE, i);
      Capability capability = at < CONVENTIONAL_SIZE ? capabilityAt[at] : null;
      byte mask = writeMask[at];
      byte old = values.get(at);
      values.put(at, capability != null
          ? capability.applyWrite(at - capabilityOffset[at], old, written)
          : (byte) ((old & ~mask) | (written & mask)));
    }
  }

  boolean isIntxDisabled() {
    return (values.getShort(COMMAND) & INTX_DISABLE) != 0;
  }

  void reset() {
    values.put(0, initial);
  }
}
