// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The server of a device is replaced while a guest uses the device; the guest's own log is the proof. */
class SwapGuestIT {

  private static final int SWAPS = Integer.getInteger("vfio4j.interop.swaps", 20);

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  private interface Check {
    void run(SwapRun run) throws Exception;
  }

  /**
   * @param afterwards checks that the VMM's connection serves everything else after the swaps
   */
  private static void swapUnderLoad(SwapGuest kind, Check afterwards) throws Exception {
    try (SwapRun run = GUESTS.startSwapRun(kind, SWAPS)) {
      LoadVerdict verdict = run.swap(SWAPS);
      assertThat(verdict.problems()).isEmpty();
      assertThat(verdict.pauses()).hasSize(SWAPS);
      afterwards.run(run);
    }
  }

  private static void checkDevice(SwapRun run, boolean isMemoryShared) throws Exception {
    boolean isAtFirst = SWAPS % 2 == 0;
    assertThat(ServerProcesses.hasGuestMemory((isAtFirst ? run.first() : run.second()).server()))
        .isEqualTo(isMemoryShared);
    assertThat(ServerProcesses.hasGuestMemory((isAtFirst ? run.second() : run.first()).server()))
        .as("the idle server").isFalse();
    GuestFunction function = run.guest().function(SwapGuest.BEHIND_PORT);
    function.unbind();
    function.reset();
    function.enable();
    ScratchExpectations.assertConfig(function);
    function.checkDma(1 << 20);
  }

  private static void checkVfio(SwapRun run) throws Exception {
    run.guest().function(SwapGuest.BEHIND_PORT).vfio("dma msix intx reset dma");
  }

  @Test
  void swapsWithSharedMemory() throws Exception {
    swapUnderLoad(SwapGuest.SHARED_MEMORY, run -> checkDevice(run, true));
  }

  @Test
  void swapsWithPrivateMemory() throws Exception {
    swapUnderLoad(SwapGuest.PRIVATE_MEMORY, run -> checkDevice(run, false));
  }

  @Test
  void swapsWithVirtualIommu() throws Exception {
    swapUnderLoad(SwapGuest.VIRTUAL_IOMMU, SwapGuestIT::checkVfio);
  }

  /** The guest continues to write to the memory that QEMU has mapped, so each new server must use the same. */
  @Test
  void swapsMappedBar() throws Exception {
    swapUnderLoad(SwapGuest.MAPPED_BAR, run -> {
      assertThat(ServerProcesses.hasQemuMapped(run.guest(), run.first().server().socket() + " memory"))
          .as("QEMU has mapped the BAR").isTrue();
      checkVfio(run);
    });
  }

  @Test
  void swapsUnderLinuxDriver() throws Exception {
    swapUnderLoad(SwapGuest.IDIO_16, run -> {
      GuestFunction card = run.guest().function("0000:00:03.0");
      card.unbind();
      card.bind("pci-idio-16");
      assertThat(run.guest().runChecked("ls -d /sys/class/gpio/gpiochip*")).hasSize(1);
    });
  }
}
