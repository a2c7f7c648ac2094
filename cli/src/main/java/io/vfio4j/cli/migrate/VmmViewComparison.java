// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.HandoverInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compares what a VMM has seen of a device with another device, to which its connection is passed. */
final class VmmViewComparison {

  private final List<Property> properties = new ArrayList<>();

  private VmmViewComparison() {
  }

  /** Returns a comparison with the properties that a VMM sees in addition to those of any migration. */
  static Comparison extend(Comparison comparison, ControlClient source, ControlClient target)
      throws DeviceException {
    VmmViewComparison view = new VmmViewComparison();
    VfioUserClient from = source.device();
    VfioUserClient to = target.device();
    view.properties.addAll(comparison.sides());
    view.compareRegions(from, to);
    view.compareIrqs(from, to);
    view.compare("limits", from.limits().toString(), to.limits().toString());
    view.compareMemory(source, target);
    view.checkSecondVmm(source.handoverInfo());
    return new Comparison(view.properties, comparison.devices(), comparison.memory());
  }

  private void compareRegions(VfioUserClient from, VfioUserClient to) throws DeviceException {
    compare("number of regions", from.info().regions(), to.info().regions());
    for (int i = 0; i < Math.min(from.info().regions(), to.info().regions()); i++) {
      compare("region " + i, describe(from.regionInfo(i)), describe(to.regionInfo(i)));
    }
  }

  private static String describe(RegionInfo region) {
    return "%d bytes, %s%s%s, %s".formatted(region.size(), region.readable() ? "r" : "-",
        region.writable() ? "w" : "-", region.mappable() ? "m" : "-", region.capabilities());
  }

  private void compareIrqs(VfioUserClient from, VfioUserClient to) throws DeviceException {
    compare("number of interrupt indexes", from.info().irqs(), to.info().irqs());
    for (int i = 0; i < Math.min(from.info().irqs(), to.info().irqs()); i++) {
      compare("interrupt " + i, describe(from.irqs().info(i)), describe(to.irqs().info(i)));
    }
  }

  private static String describe(IrqInfo irq) {
    return "%d, flags 0x%x".formatted(irq.count(), irq.flags());
  }

  /** What the VMM has mapped must stay the same memory. */
  private void compareMemory(ControlClient source, ControlClient target) throws DeviceException {
    MemoryOffers offers = MemoryOffers.query(source, target);
    properties.add(Property.informative("device memory", MemoryOffers.describe(offers.source()),
        MemoryOffers.describe(offers.target())));
    long mapped = source.info().mappedRegions();
    properties.add(Property.checked("mapped by the VMM", MemoryOffers.describeRegions(mapped),
        MemoryOffers.describeRegions(mapped), MemoryOffers.mappingObjection(mapped, offers.obstacle())));
  }

  /** A second VMM stays behind at the source, for a device that is another one then. */
  private void checkSecondVmm(Optional<HandoverInfo> handover) {
    Optional<ControlInfo.Vmm> second = handover.flatMap(HandoverInfo::candidate);
    properties.add(Property.checked("second VMM", second.map(vmm -> "pid " + vmm.pid()).orElse("none"), "",
        second.map(
            vmm -> ("a second VMM, pid %d, is connected to the source and could not follow; hand the device over "
                + "to it first, or disconnect it (vfio4j handover control:PATH --abort)")
                .formatted(vmm.pid()))));
  }

  private void compare(String name, Object source, Object target) {
    properties.add(Property.checked(name, source.toString(), target.toString(), source.equals(target)
        ? Optional.empty()
        : Optional.of("%s: the VMM has seen %s, the target has %s".formatted(name, source, target))));
  }
}
