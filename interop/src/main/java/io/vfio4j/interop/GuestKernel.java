// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.util.List;

/** A kernel of Debian's for guests, and the modules that are loaded when it has started, in this order. */
public enum GuestKernel {

  /** Starts soonest; has no GPIO at all. */
  CLOUD("linux-image-cloud-amd64",
      "uio uio_pci_generic irqbypass vfio vfio_iommu_type1 vfio-pci-core vfio-pci"),

  /** Has drivers for what is not found in clouds. */
  GENERIC("linux-image-amd64", "gpio-regmap gpio-idio-16 gpio-pci-idio-16");

  private final String metapackage;
  private final String modules;

  GuestKernel(String metapackage, String modules) {
    this.metapackage = metapackage;
    this.modules = modules;
  }

  String metapackage() {
    return metapackage;
  }

  List<String> modules() {
    return List.of(modules.split(" "));
  }
}
