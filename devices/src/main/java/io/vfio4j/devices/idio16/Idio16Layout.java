// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

/**
 * The registers of the card: eight bytes of I/O ports in BAR2. Some have different meanings for reads and writes. Where
 * the card's manual (chapter 4) leaves something open, they follow Linux's drivers/gpio/gpio-pci-idio-16.c and
 * gpio-idio-16.c.
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

  /** Read: inputs 0 to 7. Write of any value: clears the latched changes and the interrupt. */
  public static final int IN_LOW = 1;

  /** Read: enables the interrupt, and returns 0. Write of any value: disables it. */
  public static final int IRQ = 2;

  /** Read: enables the filters of all inputs, and returns 0. Write of any value: disables all filters. */
  public static final int FILTER_ALL = 3;

  /** Outputs 8 to 15. */
  public static final int OUT_HIGH = 4;

  /** Read: inputs 8 to 15. */
  public static final int IN_HIGH = 5;

  /** Read: {@link #STATUS_LOW}, {@link #STATUS_HIGH} and {@link #STATUS_INTERRUPT}. */
  public static final int STATUS = 6;

  /** The filters of inputs 0 to 7. A write has no effect while all inputs are filtered. */
  public static final int FILTER = 7;

  /** Bit of {@link #STATUS}: one of inputs 0 to 7 has changed. */
  public static final int STATUS_LOW = 1;

  /** Bit of {@link #STATUS}: one of inputs 8 to 15 has changed. */
  public static final int STATUS_HIGH = 1 << 1;

  /** Bit of {@link #STATUS}: the card raises its interrupt. */
  public static final int STATUS_INTERRUPT = 1 << 2;

  private Idio16Layout() {
  }
}
