// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

/** The registers of a {@link ForeignServer}'s board, offsets into BAR0 in bytes. All of them keep what is written. */
public final class BoardRegisters {

  /** The region that they are in. */
  public static final int BAR = 0;

  /** Bytes of the region. What has no name here is memory. */
  public static final int SIZE = 4096;

  /** 64 bits: an address for DMA. */
  public static final int ADDRESS = 0x10;

  /** 64 bits: the value that DMA writes, or has read. */
  public static final int VALUE = 0x18;

  /** 32 bits, written alone: what to do now, {@link #WRITE}, {@link #READ} or {@link #INTERRUPT}. */
  public static final int COMMAND = 0x20;

  /** 32 bits: 0, or the errno of what was done last. */
  public static final int STATUS = 0x24;

  /** Writes VALUE at ADDRESS. */
  public static final int WRITE = 1;

  /** Reads VALUE from ADDRESS. */
  public static final int READ = 2;

  /** Raises the MSI-X vector whose number is in VALUE. */
  public static final int INTERRUPT = 3;

  /** How many MSI-X vectors there are. */
  public static final int VECTORS = 32;

  private BoardRegisters() {
  }
}
