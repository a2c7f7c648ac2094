// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import io.vfio4j.linux.vfio.HostDevice;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.linux.vfio.VariantDrivers;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.model.info.RegionInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects the report of a kernel device. */
final class KernelReport {

  private KernelReport() {
  }

  /** The remedies of kernel devices. */
  private record Remedies(HostDevice host) implements MissingCapability.Remedies {

    @Override
    public String noMigration() {
      return VariantDrivers.system().explainNoMigration(host);
    }

    @Override
    public String notRunning(DeviceState state) {
      return "its last user left it in this state; a reset, which loses its state, makes it RUNNING: a target is always "
          + "reset, a source with --reset";
    }

    @Override
    public MissingCapability stateNotKept() {
      return new MissingCapability("kept open", false,
          "its driver may reset it when it is closed; migrate and receive hold it open until --then COMMAND ends or "
              + "SIGTERM");
    }
  }

  static ProbeReport of(KernelDevice device) throws DeviceException {
    List<RegionInfo> regions = queryKnown(device.regionCount(), device.regions()::info);
    List<IrqInfo> irqs = queryKnown(device.irqCount(), device.irqs()::info);
    MigrationFeatures features = device.features();
    ProbeReport.MigrationFacts migration = new ProbeReport.MigrationFacts(
        features.canMigrate() ? List.of(2) : List.of(), features, device.offeredFeatures(), device.state(),
        device.stopCopyLength(), device.dmaLog().isPresent(), false);
    return new ProbeReport(
        new ProbeReport.DeviceFacts(device.identity(), facts(device), Optional.empty(), regions, irqs),
        migration, notes(device), MissingCapability.of(migration, new Remedies(device.host())));
  }

  /** Queries a region or interrupt by index. */
  @FunctionalInterface
  private interface IndexQuery<T> {
    T query(int index) throws DeviceException;
  }

  /** Drivers count indexes that they refuse: vfio-pci the VGA region, mtty the interrupts that it lacks. */
  private static <T> List<T> queryKnown(int count, IndexQuery<T> query) throws DeviceException {
    List<T> results = new ArrayList<>();
    for (int i = 0; i < ProbeReport.boundedCount(count); i++) {
      try {
        results.add(query.query(i));
      } catch (DeviceException e) {
        if (!e.errno().equals(Errno.EINVAL)) {
          throw e;
        }
      }
    }
    return results;
  }

  private static List<ProbeReport.Fact> facts(KernelDevice device) {
    List<ProbeReport.Fact> facts = new ArrayList<>();
    HostDevice host = device.host();
    facts.add(new ProbeReport.Fact("interface", device.kernelInterface() == KernelInterface.GROUP
        ? "group, type 1 IOMMU" : "cdev, iommufd"));
    host.group().ifPresent(group -> facts.add(new ProbeReport.Fact("group", Integer.toString(group))));
    if (!host.neighbours().isEmpty()) {
      facts.add(new ProbeReport.Fact("goes with",
          String.join(", ", host.neighbours().stream().map(Object::toString).toList())));
    }
    return facts;
  }

  private static List<ProbeReport.Note> notes(KernelDevice device) {
    return device.features().has(MigrationFeature.PRE_COPY)
        ? List.of(device.reportsReinit()
            ? new ProbeReport.Note("REINIT", "reports new initial data in pre-copy (MIG_PRECOPY_INFOv2)")
            : new ProbeReport.Note("NO_REINIT",
                "does not report new initial data in pre-copy, which requires a later kernel"))
        : List.of();
  }
}
