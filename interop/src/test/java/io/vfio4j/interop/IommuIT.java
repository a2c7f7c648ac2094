// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.vfio4j.cli.base.ChildServer;
import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest with a virtual IOMMU, in which user space drives the devices with vfio-pci. */
class IommuIT {

  @RegisterExtension
  static final GuestExtension GUESTS = new GuestExtension();

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void drivesDevicesThroughVfioPci(boolean memoryShared) throws Exception {
    ChildServer ported = GUESTS.serve("scratch", "--memory", "1m", "--mappable");
    ChildServer plain = GUESTS.serve("scratch", "--memory", "1m");
    GuestSettings settings = memoryShared ? GuestSettings.DEFAULT : GuestSettings.DEFAULT.withPrivateMemory();
    try (Guest guest = GUESTS
        .boot(settings.withIommu().withDeviceBehindRootPort(ported.socket()).withDevice(plain.socket(), 3))) {
      GuestFunction first = guest.function("0000:01:00.0");
      GuestFunction second = guest.function("0000:00:03.0");
      for (GuestFunction function : List.of(first, second)) {
        function.bind("vfio-pci");
        // Each opens and closes the device, which gets a new address space and loses its mappings.
        for (String checks : List.of("dma", "msix", "intx", "dma msix intx dma", "time 50")) {
          function.vfio(checks);
        }
      }
      // The second is not alone on its bus, so it has no bus reset.
      first.vfio("dma reset msix dma");
      first.unbind();
      first.bind("vfio-pci");
      first.vfio("dma msix");
      assertThat(guest.qemuErrors()).as("mappings that a server refused")
          .noneMatch(line -> line.contains("dma_map("));
    }
  }
}
