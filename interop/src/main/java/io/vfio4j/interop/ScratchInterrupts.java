// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.devices.scratch.ScratchLayout;
import java.io.IOException;

/** Interrupts of a scratch device in a guest. */
public final class ScratchInterrupts {

  /** The write that raises INTx: a command for DMA_LENGTH bytes with an interrupt. */
  public static final String RAISE =
      ScratchLayout.COMMAND + " " + (ScratchLayout.COMMAND_READ | ScratchLayout.COMMAND_INTERRUPT);

  /** The write that clears INTx. */
  public static final String CLEAR = ScratchLayout.INT_STATUS + " 0xf";

  private ScratchInterrupts() {
  }

  /**
   * Makes a device driven by uio_pci_generic raise INTx repeatedly, with commands of 0 bytes.
   *
   * @return nanoseconds per interrupt
   */
  public static long raise(GuestFunction function, int count) throws IOException, InterruptedException {
    function.write(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_LENGTH, 8, 0);
    return function.checkIntx(count, RAISE, CLEAR);
  }
}
