// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.devices.scratch.ScratchLayout;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Lets a device read a number from guest memory into its internal memory by DMA, and write it back to another place, and
 * waits for the interrupts of both commands. Not thread-safe.
 */
final class DmaEcho {

  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final GuestDevice device;
  private final GuestMemory guest;
  private final long offset;
  private long number;
  private long commands;
  private long interrupts;

  /**
   * Creates an exchange.
   *
   * @param offset where in internal memory the number is kept
   */
  DmaEcho(GuestDevice device, GuestMemory guest, long offset) {
    this.device = device;
    this.guest = guest;
    this.offset = offset;
  }

  /**
   * Sends the next number and receives it.
   *
   * @throws IOException if another one returns, or an interrupt is missing
   */
  void exchange() throws IOException {
    MemorySegment page = guest.page();
    number++;
    page.setAtIndex(U64, 0, number);
    run(ScratchLayout.COMMAND_READ, guest.pageIova());
    run(ScratchLayout.COMMAND_WRITE, guest.pageIova() + Long.BYTES);
    long returned = page.getAtIndex(U64, 1);
    if (returned != number) {
      throw new IOException("DMA returned %d instead of %d".formatted(returned, number));
    }
  }

  private void run(int command, long iova) throws IOException {
    interrupts += device.command(command, iova, offset, Long.BYTES);
    commands++;
  }

  /** Returns the number that internal memory holds now. */
  long number() {
    return number;
  }

  /** Returns how many commands were completed. */
  long commands() {
    return commands;
  }

  /** Returns how many interrupts have arrived for them. */
  long interrupts() {
    return interrupts;
  }
}
