// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.util.List;

/** The VFIO interfaces of a guest's kernel, and their modules in loading order. */
public enum VfioInterface {

  /** Only groups and containers, as in Debian's kernel: stock modules, except the drivers of the devices. */
  GROUP("irqbypass vfio vfio_iommu_type1 mdev", "mtty"),

  /** Also character devices and iommufd, which Debian's kernel lacks: vfio is built from the kernel's source. */
  CDEV("irqbypass", "iommufd vfio vfio_iommu_type1 mdev mtty");

  /** The module of {@code interop/kernel}. */
  static final String TEST_DEVICE = "vfio4j-testdev";

  private final String stockModules;
  private final String builtModules;

  VfioInterface(String stock, String built) {
    this.stockModules = stock;
    this.builtModules = built;
  }

  /** Returns the modules from the kernel's package. */
  List<String> stockModules() {
    return List.of(stockModules.split(" "));
  }

  /** Returns the modules built from the kernel's source. */
  List<String> builtModules() {
    return List.of(builtModules.split(" "));
  }
}
