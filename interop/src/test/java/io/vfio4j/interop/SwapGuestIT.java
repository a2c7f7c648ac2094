// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ControlClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The server of a device is replaced while a guest uses the device; the guest's own log is the proof. */
class SwapGuestIT {

  private static final int SWAPS = 20;
  /** Generous, because the machine may be busy: only QEMU's 5 s would end the connection. */
  private static final Duration MAX_PAUSE = Duration.ofSeconds(4);
  /** The scratch device has no error interrupt, which QEMU reports at the start. */
  private static final String NO_ERROR_INTERRUPT = "Could not enable error recovery";
  private static final String BEHIND_PORT = "0000:01:00.0";

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  private static LoadVerdict swapUnderLoad(Guest guest, String program, ControlledServer first,
      ControlledServer second, int spuriousInterrupts) throws Exception {
    GuestLoad load = GuestLoad.start(guest, program);
    load.swap(first, second, SWAPS);
    LoadVerdict verdict = load.end(new LoadVerdict.Limits(SWAPS, spuriousInterrupts, MAX_PAUSE));
    assertThat(verdict.problems()).isEmpty();
    assertThat(verdict.pauses()).hasSize(SWAPS);
    assertThat(guest.qemuErrors()).as("QEMU's messages").allMatch(
        // QEMU unmaps the whole virtual IOMMU at the start, where nothing is mapped.
        line -> line.contains(NO_ERROR_INTERRUPT) || line.contains("vfio_container_dma_unmap("));
    return verdict;
  }

  private static void swapWithIntx(GuestSettings settings, boolean memoryShared) throws Exception {
    ControlledServer first = GUESTS.serveControlled("scratch", "--memory", "1m");
    ControlledServer second = GUESTS.serveControlled("scratch", "--memory", "1m");
    try (Guest guest = GUESTS.boot(settings.withDeviceBehindRootPort(first.server().socket()))) {
      GuestFunction function = guest.function(BEHIND_PORT);
      function.enable();
      function.bind("uio_pci_generic");
      guest.runChecked("echo 2 >/proc/sys/vm/nr_hugepages");
      swapUnderLoad(guest, "load %s %s".formatted(BEHIND_PORT, function.uio()), first, second, 0);
      assertThat(ServerProcesses.hasGuestMemory(first.server())).isEqualTo(memoryShared);
      assertThat(ServerProcesses.hasGuestMemory(second.server())).as("the idle server").isFalse();
      // The VMM's connection serves everything else afterwards.
      function.unbind();
      function.reset();
      function.enable();
      ScratchExpectations.assertConfig(function);
      function.checkDma(1 << 20);
    }
  }

  @Test
  void swapsWithSharedMemoryAndIntx() throws Exception {
    swapWithIntx(GuestSettings.DEFAULT, true);
  }

  @Test
  void swapsWithPrivateMemoryAndIntx() throws Exception {
    swapWithIntx(GuestSettings.DEFAULT.withPrivateMemory(), false);
  }

  @Test
  void swapsWithIommuAndMsix() throws Exception {
    ControlledServer first = GUESTS.serveControlled("scratch", "--memory", "1m");
    ControlledServer second = GUESTS.serveControlled("scratch", "--memory", "1m");
    try (Guest guest =
        GUESTS.boot(GuestSettings.DEFAULT.withIommu().withDeviceBehindRootPort(first.server().socket()))) {
      GuestFunction function = guest.function(BEHIND_PORT);
      function.bind("vfio-pci");
      // A pending vector is signalled again at the new server, which may add one interrupt per swap.
      swapUnderLoad(guest, "vfio %s %s load".formatted(function.iommuGroup(), BEHIND_PORT), first, second,
          SWAPS);
      function.vfio("dma msix intx reset dma");
    }
  }

  @Test
  void swapsUnderLinuxDriver() throws Exception {
    ControlledServer first = GUESTS.serveControlled("idio-16", "--loopback");
    ControlledServer second = GUESTS.serveControlled("idio-16", "--loopback");
    try (Guest guest = GUESTS.boot(
        GuestSettings.DEFAULT.withFlavour(GuestKernel.GENERIC).withDevice(first.server().socket(), 3))) {
      guest.runChecked("b=$(cat /sys/class/gpio/gpiochip*/base); for i in $(seq $b $((b + 31))); "
          + "do echo $i >/sys/class/gpio/export; done");
      swapUnderLoad(guest, "gpio", first, second, 0);
    }
  }

  /** Returns whether the VMM has mapped the device's memory. */
  private static boolean isMappedByVmm(ControlledServer served) throws Exception {
    try (ControlClient control = ControlClient.connect(served.control(), ClientOptions.DEFAULT)) {
      int qemu = control.info().vmm().orElseThrow().pid();
      return Files.readString(Path.of("/proc", Integer.toString(qemu), "maps"))
          .contains("memfd:%s memory".formatted(served.server().socket()));
    }
  }

  /** The guest goes on writing to the memory that QEMU has mapped, so each new server must use the same. */
  @Test
  void swapsMappedMemory() throws Exception {
    ControlledServer first = GUESTS.serveControlled("scratch", "--memory", "1m", "--mappable");
    ControlledServer second = GUESTS.serveControlled("scratch", "--memory", "1m", "--mappable");
    try (Guest guest =
        GUESTS.boot(GuestSettings.DEFAULT.withIommu().withDeviceBehindRootPort(first.server().socket()))) {
      GuestFunction function = guest.function(BEHIND_PORT);
      function.bind("vfio-pci");
      assertThat(isMappedByVmm(first)).isTrue();
      // With MSI-X, because QEMU traps mapped regions after an INTx.
      swapUnderLoad(guest, "vfio %s %s load".formatted(function.iommuGroup(), BEHIND_PORT), first, second,
          SWAPS);
    }
  }
}
