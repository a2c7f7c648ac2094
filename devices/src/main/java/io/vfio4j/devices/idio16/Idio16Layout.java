// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

/**
 * How the card is driven: eight registers of a byte each, in BAR2, I/O ports. Some are one thing when they are read
 * and another when they are written. What the manual of the card (chapter 4) leaves open is taken from what Linux's
 * drivers/gpio/gpio-pci-idio-16.c and gpio-idio-16.c rely on.
 */
public final class Idio16Layout {

  /** PCI vendor, ACCES I/O Products. */
  public static final int VENDOR_ID = 0x494f;

  /** PCI device. */
  public static final int DEVICE_ID = 0x0dc8;

  /** Region with the registers. */
  public static final int REGISTERS_BAR = 2;

  /** Bytes of {@link #REGISTERS_BAR}. */
  public static final int REGISTERS_SIZE = 8;

  /** Outputs 0 to 7. */
  public static final int OUT_LOW = 0;

  /** Read: inputs 0 to 7. Written, whatever: no change is remembered any more, and the interrupt is cleared. */
  public static final int IN_LOW = 1;

  /** Read: changes of inputs interrupt from now on. Written, whatever: they do so no more. Reads 0. */
  public static final int IRQ = 2;

  /** Read: all inputs are filtered from now on. Written, whatever: none is any more. Reads 0. */
  public static final int FILTER_ALL = 3;

  /** Outputs 8 to 15. */
  public static final int OUT_HIGH = 4;

  /** Read: inputs 8 to 15. */
  public static final int IN_HIGH = 5;

  /** Read: {@link #STATUS_LOW}, {@link #STATUS_HIGH} and {@link #STATUS_INTERRUPT}. */
  public static final int STATUS = 6;

  /** Which of inputs 0 to 7 are filtered; written while all are, it has no effect. */
  public static final int FILTER = 7;

  /** Bit of {@link #STATUS}: one of inputs 0 to 7 has changed. */
  public static final int STATUS_LOW = 1;

  /** Bit of {@link #STATUS}: one of inputs 8 to 15 has changed. */
  public static final int STATUS_HIGH = 1 << 1;

  /** Bit of {@link #STATUS}: the card interrupts. */
  public static final int STATUS_INTERRUPT = 1 << 2;

  private Idio16Layout() {
  }
}
