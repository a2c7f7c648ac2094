// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A guest whose memory QEMU keeps to itself: DMA goes by DMA_READ and DMA_WRITE. */
class PrivateMemoryIT {

  private static final int DMA = 2 << 20;

  @RegisterExtension
  static final GuestLab LAB = new GuestLab();

  private static ChildServer server;
  private static Guest guest;

  @BeforeAll
  static void boot() throws Exception {
    server = LAB.serve("scratch", "--memory", "4m");
    guest = LAB.boot(GuestSettings.DEFAULT.withPrivateMemory().withPortedDevice(server.socket()));
  }

  @Test
  void dmaGoesBothWaysByMessages() throws Exception {
    GuestFunction function = guest.function("0000:01:00.0");
    for (int round = 0; round < 3; round++) {
      function.enable();
      function.checkDma(DMA);
      assertThat(ServerProcess.hasGuestMemory(server)).isFalse();
      function.bind("uio_pci_generic");
      Expected.interrupts(function);
      // An interrupt that comes when memory has been written by message: both on one socket.
      function.write(ScratchLayout.REGISTERS_BAR, ScratchLayout.DMA_LENGTH, 8, 0x1000);
      assertThat(function.checkIntx(50, ScratchChecks.RAISE, ScratchChecks.CLEAR)).isPositive();
      function.unbind();
      function.reset();
    }
  }
}
