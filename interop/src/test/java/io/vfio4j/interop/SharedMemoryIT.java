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
 * Two scratch devices in a guest whose memory the servers map: one behind a root port, whose memory the guest maps,
 * and one that is accessed only by messages.
 */
class SharedMemoryIT {

  private static final long MEMORY = 1 << 20;
  private static final long SMALL_MEMORY = 640 << 10;
  private static final int FILLED = 16 << 10;
  private static final int DMA = 1 << 20;

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  private static ChildServer mappable;
  private static ChildServer trapping;
  private static GuestSettings settings;
  private static Guest guest;

  private GuestFunction mapped;
  private GuestFunction trapped;

  @BeforeAll
  static void boot() throws Exception {
    mappable = GUESTS.serve("scratch", "--memory", "1m", "--mappable");
    trapping = GUESTS.serve("scratch", "--memory", "640k");
    settings =
        GuestSettings.DEFAULT.withDeviceBehindRootPort(mappable.socket()).withDevice(trapping.socket(), 3);
    guest = GUESTS.boot(settings);
  }

  @BeforeEach
  void find() throws Exception {
    mapped = guest.function("0000:01:00.0");
    trapped = guest.function("0000:00:03.0");
    mapped.enable();
    trapped.enable();
  }

  @Test
  void findsBothDevices() throws Exception {
    for (GuestFunction function : new GuestFunction[] {mapped, trapped}) {
      ScratchExpectations.assertIdentity(function);
      ScratchExpectations.assertBars(function, MEMORY);
      ScratchExpectations.assertConfig(function);
    }
  }

  @Test
  void accessesRegistersInAllWidths() throws Exception {
    ScratchExpectations.assertRegisters(mapped, MEMORY);
    ScratchExpectations.assertRegisters(trapped, SMALL_MEMORY);
    // The devices are independent.
    ScratchExpectations.mark(mapped);
    trapped.write(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 8, 0);
    assertThat(mapped.read(ScratchLayout.REGISTERS_BAR, ScratchLayout.SCRATCH, 8)).isNotZero();
  }

  @Test
  void accessesTrappedBarInAllWidths() throws Exception {
    trapped.fill(ScratchLayout.MEMORY_BAR, FILLED, 1);
    // beyond the memory, within the BAR
    assertThat(trapped.access(ScratchLayout.MEMORY_BAR, "w 8 0xa0000 1 r 8 0xa0000 r 4 0xffffc"))
        .containsExactly(0L, 0L);
  }

  @Test
  void accessesMappedBarWithoutServer() throws Exception {
    // After INTx, QEMU traps a mapped BAR for a while to detect its acknowledgement; a reset ends that.
    mapped.reset();
    try (AutoCloseable _ = ServerProcesses.pause(mappable)) {
      mapped.fill(ScratchLayout.MEMORY_BAR, MEMORY, 2);
      mapped.write(ScratchLayout.MEMORY_BAR, 0x1000, 8, 0x1122334455667788L);
    }
    // It is the device's memory, from which DMA reads.
    mapped.checkDma(DMA);
    assertThat(mapped.read(ScratchLayout.MEMORY_BAR, MEMORY - 8, 8)).isNotZero();
  }

  @Test
  void transfersDmaThroughSharedMemory() throws Exception {
    mapped.checkDma(DMA);
    trapped.checkDma(DMA);
    assertThat(ServerProcesses.hasGuestMemory(mappable)).isTrue();
    assertThat(ServerProcesses.hasGuestMemory(trapping)).isTrue();
  }

  @Test
  void deliversIntxAndRebindsDriver() throws Exception {
    for (int round = 0; round < 3; round++) {
      mapped.bind("uio_pci_generic");
      trapped.bind("uio_pci_generic");
      ScratchExpectations.assertInterrupts(mapped);
      ScratchExpectations.assertInterrupts(trapped);
      mapped.unbind();
      trapped.unbind();
    }
    ScratchExpectations.assertRegisters(trapped, SMALL_MEMORY);
  }

  @Test
  void resetsDevice() throws Exception {
    ScratchExpectations.mark(mapped);
    mapped.write(ScratchLayout.MEMORY_BAR, 0x2000, 8, 5);
    mapped.reset();
    ScratchExpectations.assertUnmarked(mapped);
    assertThat(mapped.read(ScratchLayout.MEMORY_BAR, 0x2000, 8)).isZero();
    ScratchExpectations.assertConfig(mapped);
    ScratchExpectations.assertBars(mapped, MEMORY);
    mapped.checkDma(DMA);
  }

  @Test
  void survivesGuestReboot() throws Exception {
    ScratchExpectations.mark(mapped);
    ScratchExpectations.mark(trapped);
    guest.reboot();
    assertDevicesWork();
  }

  @Test
  void survivesQemuKill() throws Exception {
    ScratchExpectations.mark(mapped);
    ScratchExpectations.mark(trapped);
    guest.kill();
    guest = GUESTS.boot(settings);
    assertDevicesWork();
  }

  private void assertDevicesWork() throws Exception {
    find();
    for (GuestFunction function : new GuestFunction[] {mapped, trapped}) {
      ScratchExpectations.assertUnmarked(function);
      ScratchExpectations.assertIdentity(function);
      ScratchExpectations.assertBars(function, MEMORY);
      function.fill(ScratchLayout.MEMORY_BAR, FILLED, 3);
      function.checkDma(DMA);
      function.bind("uio_pci_generic");
      ScratchExpectations.assertInterrupts(function);
      function.unbind();
    }
  }
}
