// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.devices.scratch.ScratchLayout;
import java.io.IOException;

/** Writes to a scratch device that more than one program of this module makes a guest do. */
public final class ScratchInterrupts {

  /** The write that raises INTx: a command of as many bytes as DMA_LENGTH says, with an interrupt. */
  public static final String RAISE =
      ScratchLayout.COMMAND + " " + (ScratchLayout.COMMAND_READ | ScratchLayout.COMMAND_INTERRUPT);

  /** The write that clears it. */
  public static final String CLEAR = ScratchLayout.INT_STATUS + " 0xf";

  private ScratchInterrupts() {
  }

  /**
   * Lets a device that uio_pci_generic drives raise INTx so many times, with commands of no bytes.
   *
   * @return nanoseconds from one to the next
   */
  public static long raise(GuestFunction function, int count) throws IOException, InterruptedException {
    function.write(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_LENGTH, 8, 0);
    return function.checkIntx(count, RAISE, CLEAR);
  }
}
