// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.util.List;

/** A Debian kernel for guests, and the modules loaded at start-up, in order. */
public enum GuestKernel {

  /** Boots fastest; has no GPIO support. */
  CLOUD("linux-image-cloud-amd64",
      "uio uio_pci_generic irqbypass vfio vfio_iommu_type1 vfio-pci-core vfio-pci"),

  /** Has drivers for physical hardware. */
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
