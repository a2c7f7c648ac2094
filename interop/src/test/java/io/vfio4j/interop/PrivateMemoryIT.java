// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A guest whose memory QEMU does not share: DMA uses DMA_READ and DMA_WRITE. */
class PrivateMemoryIT {

  private static final int DMA = 2 << 20;

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  private static ChildServer server;
  private static Guest guest;

  @BeforeAll
  static void boot() throws Exception {
    server = GUESTS.serve("scratch", "--memory", "4m");
    guest = GUESTS.boot(GuestSettings.DEFAULT.withPrivateMemory().withDeviceBehindRootPort(server.socket()));
  }

  @Test
  void transfersDmaByMessages() throws Exception {
    GuestFunction function = guest.function("0000:01:00.0");
    for (int round = 0; round < 3; round++) {
      function.enable();
      function.checkDma(DMA);
      assertThat(ServerProcesses.hasGuestMemory(server)).isFalse();
      function.bind("uio_pci_generic");
      ScratchExpectations.assertInterrupts(function);
      // The interrupt must follow the DMA_WRITE messages, which use the same socket.
      function.write(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_LENGTH, 8, 0x1000);
      assertThat(function.checkIntx(50, ScratchInterrupts.RAISE, ScratchInterrupts.CLEAR)).isPositive();
      function.unbind();
      function.reset();
    }
  }
}
