// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

/**
 * The registers of a {@link ForeignServer}'s board, as byte offsets in BAR0. All of them hold the value written.
 */
public final class BoardRegisters {

  /** The region of the registers. */
  public static final int BAR = 0;

  /** Size of the region, bytes. Offsets without a name are memory. */
  public static final int SIZE = 4096;

  /** 64 bits: the DMA address. */
  public static final int ADDRESS = 0x10;

  /** 64 bits: the value to write, or the value read, by DMA. */
  public static final int VALUE = 0x18;

  /** 32 bits: a write of exactly 4 bytes executes a command, {@link #WRITE}, {@link #READ} or {@link #INTERRUPT}. */
  public static final int COMMAND = 0x20;

  /** 32 bits: 0, or the errno of the last command. */
  public static final int STATUS = 0x24;

  /** Writes VALUE at ADDRESS. */
  public static final int WRITE = 1;

  /** Reads VALUE from ADDRESS. */
  public static final int READ = 2;

  /** Raises the MSI-X vector in VALUE. */
  public static final int INTERRUPT = 3;

  /** The number of MSI-X vectors. */
  public static final int VECTORS = 32;

  private BoardRegisters() {
  }
}
