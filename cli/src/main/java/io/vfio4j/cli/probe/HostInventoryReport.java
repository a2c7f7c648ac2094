// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.vfio4j.cli.base.FeatureNames;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.device.Host;
import io.vfio4j.cli.probe.HostInventory.CanMigrate;
import io.vfio4j.cli.probe.HostInventory.CannotMigrate;
import io.vfio4j.cli.probe.HostInventory.Entry;
import io.vfio4j.cli.probe.HostInventory.NotInspected;
import io.vfio4j.linux.vfio.HostDevice;
import java.util.ArrayList;
import java.util.List;

/** Reports the devices of a host as text or JSON. */
final class HostInventoryReport {

  private final HostInventory inventory;

  HostInventoryReport(HostInventory inventory) {
    this.inventory = inventory;
  }

  List<String> lines() {
    Host machine = inventory.host();
    if (inventory.isEmpty()) {
      return List.of(
          "no devices for VFIO: the kernel (%s) %s and no mediated devices".formatted(machine.kernelRelease(),
              machine.hasIommu() ? "has IOMMU groups for bridges only"
                  : "does not use an IOMMU, so no device can be assigned safely,"),
          machine.hasIommu()
              ? "create virtual functions of an SR-IOV device: echo N > /sys/bus/pci/devices/ADDRESS/sriov_numvfs"
              : "enable the IOMMU in the firmware (VT-d, AMD-Vi, SMMU) and boot with intel_iommu=on; mediated devices "
                  + "do not need it");
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "kernel %s: VFIO %s, iommufd %s".formatted(machine.kernelRelease(), machine.hasVfio() ? "is loaded"
            : "is not loaded", machine.hasIommufd() ? "is available" : "is not available"));
    inventory.entries().forEach(found -> lines.addAll(lines(found)));
    long notInspected =
        inventory.entries().stream().filter(found -> found.verdict() instanceof NotInspected).count();
    if (notInspected > 0) {
      lines
          .add("%d of %d devices could not be inspected".formatted(notInspected, inventory.entries().size()));
    }
    return lines;
  }

  /** Returns the two lines of a device. */
  static List<String> lines(Entry found) {
    return List.of("%s  %s".formatted(verdictMark(found), describe(found.device())),
        "     " + found.verdict().description());
  }

  private static String verdictMark(Entry found) {
    return switch (found.verdict()) {
      case CanMigrate _ -> "yes";
      case CannotMigrate _ -> "no ";
      case NotInspected _ -> "?  ";
    };
  }

  private static String describe(HostDevice device) {
    StringBuilder text = new StringBuilder(device.address());
    device.ids().ifPresent(ids -> text.append(" %04x:%04x".formatted(ids.vendor(), ids.device())));
    text.append(" (").append(device.driver().orElse("no driver"));
    device.group().ifPresent(group -> text.append(", group ").append(group));
    device.cdev().ifPresent(cdev -> text.append(", ").append(cdev));
    if (!device.neighbours().isEmpty()) {
      text.append(", with ")
          .append(String.join(", ", device.neighbours().stream().map(HostDevice.Neighbour::name)
              .toList()));
    }
    return text.append(')').toString();
  }

  JsonObject json() {
    Host machine = inventory.host();
    return Json.event("probe-all").with("kernel", machine.kernelRelease()).with("iommu", machine.hasIommu())
        .with("vfio", machine.hasVfio()).with("iommufd", machine.hasIommufd())
        .with("devices", inventory.entries(), found -> json(found)).build();
  }

  static JsonObject json(Entry found) {
    HostDevice device = found.device();
    CanMigrate migrates = found.verdict() instanceof CanMigrate yes ? yes : null;
    return Json.object().with("device", device.address()).with("kind", device.kind().name())
        .with("ids", device.ids().map(ids -> "%04x:%04x".formatted(ids.vendor(), ids.device())).orElse(null))
        .with("driver", device.driver().orElse(null))
        .with("group",
            device.group().isPresent() ? new JsonPrimitive(device.group().getAsInt()) : JsonNull.INSTANCE)
        .with("cdev", device.cdev().orElse(null))
        .with("goes_with", device.neighbours().stream().map(HostDevice.Neighbour::name).toList())
        .with("can_migrate", found.verdict() instanceof NotInspected ? JsonNull.INSTANCE
            : new JsonPrimitive(migrates != null))
        .with("features", migrates == null ? List.of() : FeatureNames.of(migrates.features()))
        .with("state", migrates == null ? null : migrates.state().name())
        .with("words", found.verdict().description()).build();
  }
}
