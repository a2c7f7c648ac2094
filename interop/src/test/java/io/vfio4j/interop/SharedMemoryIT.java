// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import io.vfio4j.devices.scratch.ScratchLayout;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Two scratch devices in a guest whose memory the servers map: one whose memory the guest maps in turn, behind a root
 * port, and one that is reached by messages alone.
 */
class SharedMemoryIT {

  private static final long MEMORY = 1 << 20;
  private static final long SMALL_MEMORY = 640 << 10;
  private static final int FILLED = 16 << 10;
  private static final int DMA = 1 << 20;

  @RegisterExtension
  static final GuestLab LAB = new GuestLab();

  private static ChildServer mappable;
  private static ChildServer trapping;
  private static GuestSettings settings;
  private static Guest guest;

  private GuestFunction mapped;
  private GuestFunction trapped;

  @BeforeAll
  static void boot() throws Exception {
    mappable = LAB.serve("scratch", "--memory", "1m", "--mappable");
    trapping = LAB.serve("scratch", "--memory", "640k");
    settings = GuestSettings.DEFAULT.withPortedDevice(mappable.socket()).withDevice(trapping.socket(), 3);
    guest = LAB.boot(settings);
  }

  @BeforeEach
  void find() throws Exception {
    mapped = guest.function("0000:01:00.0");
    trapped = guest.function("0000:00:03.0");
    mapped.enable();
    trapped.enable();
  }

  @Test
  void bothAreFound() throws Exception {
    for (GuestFunction function : new GuestFunction[] {mapped, trapped}) {
      Expected.identity(function);
      Expected.bars(function, MEMORY);
      Expected.config(function);
    }
  }

  @Test
  void registersAreReadAndWrittenInAllWidths() throws Exception {
    Expected.registers(mapped, MEMORY);
    Expected.registers(trapped, SMALL_MEMORY);
    // They are two devices.
    Expected.mark(mapped);
    trapped.write(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 8, 0);
    assertThat(mapped.read(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 8)).isNotZero();
  }

  @Test
  void aMemoryBarThatIsTrappedWorksInAllWidths() throws Exception {
    trapped.fill(ScratchLayout.MEMORY_BAR, FILLED, 1);
    // Beyond the memory, within the BAR.
    assertThat(trapped.access(ScratchLayout.MEMORY_BAR, "w 8 0xa0000 1 r 8 0xa0000 r 4 0xffffc"))
        .containsExactly(0L, 0L);
  }

  @Test
  void aMemoryBarThatIsMappedWorksWithoutTheServer() throws Exception {
    // QEMU traps a mapped BAR for a while after INTx, to see that it was dealt with; not after a reset.
    mapped.reset();
    try (AutoCloseable _ = ServerProcess.stopped(mappable)) {
      mapped.fill(ScratchLayout.MEMORY_BAR, MEMORY, 2);
      mapped.write(ScratchLayout.MEMORY_BAR, 0x1000, 8, 0x1122334455667788L);
    }
    // And it is the device's memory: DMA takes it from there.
    mapped.checkDma(DMA);
    assertThat(mapped.read(ScratchLayout.MEMORY_BAR, MEMORY - 8, 8)).isNotZero();
  }

  @Test
  void dmaGoesBothWaysThroughSharedMemory() throws Exception {
    mapped.checkDma(DMA);
    trapped.checkDma(DMA);
    assertThat(ServerProcess.hasGuestMemory(mappable)).isTrue();
    assertThat(ServerProcess.hasGuestMemory(trapping)).isTrue();
  }

  @Test
  void intxArrivesAndADriverCanBeUnboundAndBoundAgain() throws Exception {
    for (int round = 0; round < 3; round++) {
      mapped.bind("uio_pci_generic");
      trapped.bind("uio_pci_generic");
      Expected.interrupts(mapped);
      Expected.interrupts(trapped);
      mapped.unbind();
      trapped.unbind();
    }
    Expected.registers(trapped, SMALL_MEMORY);
  }

  @Test
  void aResetTakesEverythingBack() throws Exception {
    Expected.mark(mapped);
    mapped.write(ScratchLayout.MEMORY_BAR, 0x2000, 8, 5);
    mapped.reset();
    Expected.unmarked(mapped);
    assertThat(mapped.read(ScratchLayout.MEMORY_BAR, 0x2000, 8)).isZero();
    Expected.config(mapped);
    Expected.bars(mapped, MEMORY);
    mapped.checkDma(DMA);
  }

  @Test
  void theGuestReboots() throws Exception {
    Expected.mark(mapped);
    Expected.mark(trapped);
    guest.reboot();
    everythingWorks();
  }

  @Test
  void qemuIsKilledAndStartedAgain() throws Exception {
    Expected.mark(mapped);
    Expected.mark(trapped);
    guest.kill();
    guest = LAB.boot(settings);
    everythingWorks();
  }

  private void everythingWorks() throws Exception {
    find();
    for (GuestFunction function : new GuestFunction[] {mapped, trapped}) {
      Expected.unmarked(function);
      Expected.identity(function);
      Expected.bars(function, MEMORY);
      function.fill(ScratchLayout.MEMORY_BAR, FILLED, 3);
      function.checkDma(DMA);
      function.bind("uio_pci_generic");
      Expected.interrupts(function);
      function.unbind();
    }
  }
}
