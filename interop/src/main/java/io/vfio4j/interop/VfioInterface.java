// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.util.List;

/** Which of the kernel's interfaces to VFIO devices a guest has, and the modules for it, in the order of loading. */
public enum VfioInterface {

  /** Groups and containers alone, as Debian's kernel has it: stock modules, beside the drivers of the devices. */
  GROUP("irqbypass vfio vfio_iommu_type1 mdev", "mtty"),

  /** Character devices and iommufd too, which Debian's kernel is built without: vfio comes from the kernel's source. */
  CDEV("irqbypass", "iommufd vfio vfio_iommu_type1 mdev mtty");

  /** The module of {@code interop/kernel}. */
  static final String TEST_DEVICE = "vfio4j-testdev";

  private final String stockModules;
  private final String builtModules;

  VfioInterface(String stock, String built) {
    this.stockModules = stock;
    this.builtModules = built;
  }

  /** Modules out of the kernel's package. */
  List<String> stockModules() {
    return List.of(stockModules.split(" "));
  }

  /** Modules that are built from the kernel's source. */
  List<String> builtModules() {
    return List.of(builtModules.split(" "));
  }
}
