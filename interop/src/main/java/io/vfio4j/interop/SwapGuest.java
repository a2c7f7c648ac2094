// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.util.List;

/** The guests whose devices are swapped between servers under load. */
enum SwapGuest {

  /** DMA to memory that the servers map, INTx, and all BARs trapped. */
  SHARED_MEMORY("scratch device, shared memory, INTx", GuestSettings.DEFAULT, Load.UIO,
      List.of("scratch", "--memory", "1m")),

  /** DMA by message, INTx, and all BARs trapped. */
  PRIVATE_MEMORY("scratch device, private memory, INTx", GuestSettings.DEFAULT.withPrivateMemory(), Load.UIO,
      List.of("scratch", "--memory", "1m")),

  /** DMA through mappings of the guest, MSI-X, and all BARs trapped. */
  VIRTUAL_IOMMU("scratch device, virtual IOMMU, MSI-X", GuestSettings.DEFAULT.withIommu(), Load.VFIO,
      List.of("scratch", "--memory", "1m")),

  /** As {@link #VIRTUAL_IOMMU}, with a mapped BAR. With MSI-X, because QEMU traps mapped BARs after an INTx. */
  MAPPED_BAR("scratch device, mapped BAR, virtual IOMMU, MSI-X", GuestSettings.DEFAULT.withIommu(), Load.VFIO,
      List.of("scratch", "--memory", "1m", "--mappable")),

  /** No DMA; Linux's driver handles INTx. */
  IDIO_16("PCI-IDIO-16 card under Linux's driver, INTx",
      GuestSettings.DEFAULT.withFlavour(GuestKernel.GENERIC),
      Load.GPIO, List.of("idio-16", "--loopback"));

  /** The address of a scratch device. */
  static final String BEHIND_PORT = "0000:01:00.0";

  private static final int SLOT = 3;

  private enum Load {
    UIO, VFIO, GPIO
  }

  private final String description;
  @SuppressWarnings("ImmutableEnumChecker") // A record of immutable values.
  private final GuestSettings settings;
  private final Load load;
  @SuppressWarnings("ImmutableEnumChecker") // An immutable list.
  private final List<String> device;

  SwapGuest(String description, GuestSettings settings, Load load, List<String> device) {
    this.description = description;
    this.settings = settings;
    this.load = load;
    this.device = device;
  }

  /** Returns what distinguishes it, for tables. */
  String description() {
    return description;
  }

  /** Starts a server of the guest's device. */
  ControlledServer serve(GuestEnvironment environment) throws IOException, InterruptedException {
    return environment.serveControlled(device.getFirst(), device.stream().skip(1).toArray(String[]::new));
  }

  /** Returns the settings of the guest with its device. */
  GuestSettings settings(ControlledServer server) {
    return load == Load.GPIO ? settings.withDevice(server.server().socket(), SLOT)
        : settings.withDeviceBehindRootPort(server.server().socket());
  }

  /** Prepares the device for its load, and returns the guest's program with its arguments. */
  String prepare(Guest guest) throws IOException, InterruptedException {
    return switch (load) {
      case UIO -> {
        GuestFunction function = guest.function(BEHIND_PORT);
        function.enable();
        function.bind("uio_pci_generic");
        // The load's DMA memory is a huge page, which is contiguous.
        guest.runChecked("echo 2 >/proc/sys/vm/nr_hugepages");
        yield "load %s %s".formatted(BEHIND_PORT, function.uio());
      }
      case VFIO -> {
        GuestFunction function = guest.function(BEHIND_PORT);
        function.bind("vfio-pci");
        yield "vfio %s %s load".formatted(function.iommuGroup(), BEHIND_PORT);
      }
      case GPIO -> {
        guest.runChecked("b=$(cat /sys/class/gpio/gpiochip*/base); for i in $(seq $b $((b + 31))); "
            + "do echo $i >/sys/class/gpio/export; done");
        yield "gpio";
      }
    };
  }

  /** Returns the maximum number of interrupts that were not raised: a pending MSI-X vector is signalled again. */
  int maxSpurious(int swaps) {
    return load == Load.VFIO ? swaps : 0;
  }
}
