// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import static io.vfio4j.devices.scratch.ScratchLayout.CONFIG_SIZE;
import static io.vfio4j.devices.scratch.ScratchLayout.MSIX_BAR;
import static io.vfio4j.devices.scratch.ScratchLayout.MSIX_CAPABILITY;
import static io.vfio4j.devices.scratch.ScratchLayout.MSIX_PENDING;
import static io.vfio4j.devices.scratch.ScratchLayout.SMALL_BAR_SIZE;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The PCI config space (PCI Local Bus 3.0, chapter 6): a value and a mask of writable bits for each byte,
 * which is all that is needed for BARs to be sized too.
 */
final class PciConfigSpace {

  private static final int COMMAND = 0x04;
  private static final int STATUS = 0x06;
  private static final int BAR0 = 0x10;

  /** Memory, bus master, parity, SERR, INTx disable; there is no I/O space. */
  private static final int COMMAND_WRITABLE = 0x0546;
  private static final int INTX_DISABLE = 1 << 10;
  private static final int STATUS_INTX = 1 << 3;
  private static final int STATUS_CAPABILITIES = 1 << 4;
  private static final int BAR_64BIT_PREFETCHABLE = 0xc;
  private static final int MSIX_ID = 0x11;
  private static final int MSIX_WRITABLE = 0xc000;

  private final byte[] writable = new byte[CONFIG_SIZE];
  private final ByteBuffer values = ByteBuffer.allocate(CONFIG_SIZE).order(ByteOrder.LITTLE_ENDIAN);
  private final byte[] initial;

  PciConfigSpace(long memoryBarSize) {
    ByteBuffer masks = ByteBuffer.wrap(writable).order(ByteOrder.LITTLE_ENDIAN);
    identify();
    masks.putShort(COMMAND, (short) COMMAND_WRITABLE);
    masks.put(0x0c, (byte) 0xff);
    masks.putInt(BAR0, -SMALL_BAR_SIZE);
    values.putLong(BAR0 + 4 * ScratchLayout.MEMORY_BAR, BAR_64BIT_PREFETCHABLE);
    masks.putLong(BAR0 + 4 * ScratchLayout.MEMORY_BAR, -memoryBarSize);
    masks.putInt(BAR0 + 4 * MSIX_BAR, -SMALL_BAR_SIZE);
    masks.put(0x3c, (byte) 0xff);
    addMsix(masks);
    initial = values.array().clone();
  }

  private void identify() {
    values.putShort(0x00, (short) ScratchLayout.VENDOR_ID);
    values.putShort(0x02, (short) ScratchLayout.DEVICE_ID);
    values.putShort(STATUS, (short) STATUS_CAPABILITIES);
    values.putInt(0x08, ScratchLayout.CLASS_CODE << 8);
    values.putShort(0x2c, (short) ScratchLayout.VENDOR_ID);
    values.putShort(0x2e, (short) ScratchLayout.SUBSYSTEM_ID);
    values.put(0x34, (byte) MSIX_CAPABILITY);
    // Interrupt pin A.
    values.put(0x3d, (byte) 1);
  }

  private void addMsix(ByteBuffer masks) {
    values.put(MSIX_CAPABILITY, (byte) MSIX_ID);
    values.putShort(MSIX_CAPABILITY + 2, (short) (ScratchLayout.VECTORS - 1));
    masks.putShort(MSIX_CAPABILITY + 2, (short) MSIX_WRITABLE);
    values.putInt(MSIX_CAPABILITY + 4, MSIX_BAR);
    values.putInt(MSIX_CAPABILITY + 8, MSIX_PENDING | MSIX_BAR);
  }

  /** Reads bytes; the status register shows whether an INTx interrupt is pending. */
  void read(int offset, MemorySegment into, boolean intxPending) {
    values.put(STATUS, (byte) (STATUS_CAPABILITIES | (intxPending ? STATUS_INTX : 0)));
    MemorySegment.copy(values.array(), offset, into, JAVA_BYTE, 0, (int) into.byteSize());
  }

  void write(int offset, MemorySegment data) {
    for (int i = 0; i < data.byteSize(); i++) {
      byte mask = writable[offset + i];
      values.put(offset + i, (byte) ((values.get(offset + i) & ~mask) | (data.get(JAVA_BYTE, i) & mask)));
    }
  }

  boolean isIntxDisabled() {
    return (values.getShort(COMMAND) & INTX_DISABLE) != 0;
  }

  void reset() {
    values.put(0, initial);
  }
}
