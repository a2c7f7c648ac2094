// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.model.info.RegionInfo;
import java.util.List;

/** The regions and interrupts that a device reports. */
public record DeviceInfos(List<RegionInfo> regions, List<IrqInfo> irqs) {

  public DeviceInfos {
    regions = List.copyOf(regions);
    irqs = List.copyOf(irqs);
  }
}
