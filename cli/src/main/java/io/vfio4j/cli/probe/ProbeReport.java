// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.probe;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.vfio4j.cli.base.FeatureNames;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.OfferedFeatures;
import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.model.info.RegionInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The report of a device.
 *
 * @param device what the device is
 * @param migration what it supports of migration
 * @param quirks where its server or driver deviates from the specification
 * @param missing the capabilities that it lacks for migration
 */
record ProbeReport(DeviceFacts device, MigrationFacts migration, List<Note> quirks,
    List<MissingCapability> missing) {

  /**
   * What a device is.
   *
   * @param facts properties that only devices of its kind have
   * @param vmm who uses it; empty if its address is not that of a control socket
   */
  record DeviceFacts(DeviceIdentity identity, List<Fact> facts, Optional<VmmReport> vmm,
      List<RegionInfo> regions, List<IrqInfo> irqs) {
  }

  /**
   * What a device supports of migration.
   *
   * @param versions the versions of the migration interface that it supports, ascending
   * @param offered the features that it accepts in VFIO_DEVICE_FEATURE, known or unknown
   * @param keepsState whether it stays in RUNNING when it is closed
   */
  record MigrationFacts(List<Integer> versions, MigrationFeatures features, OfferedFeatures offered,
      DeviceState state, OptionalLong stopCopyLength, boolean dmaLogging, boolean keepsState) {
  }

  /** A server may report billions of regions or interrupts; no device has them. */
  private static final int MAX_INDEXES = 64;

  private static final List<String> REGIONS =
      List.of("BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM", "config", "VGA");
  static final List<String> IRQS = List.of("INTx", "MSI", "MSI-X", "error", "request");

  /**
   * A property of a device.
   *
   * @param name the name at the start of the line
   * @param text the rest of the line
   */
  record Fact(String name, String text) {
  }

  /**
   * A remark about a device.
   *
   * @param kind the name in JSON
   * @param text the text of the line
   */
  record Note(String kind, String text) {
  }

  static ProbeReport of(OpenDevice device) throws DeviceException {
    return switch (device.device()) {
      case VfioUserClient client -> VfioUserReport.of(device, client);
      case KernelDevice kernel -> KernelReport.of(kernel);
      default -> throw new IllegalStateException("unknown kind of device: " + device.name());
    };
  }

  /** Returns how many of a reported number of indexes to query. */
  static int boundedCount(int count) {
    return Integer.compareUnsigned(count, MAX_INDEXES) > 0 ? MAX_INDEXES : count;
  }

  /** Returns whether the device can migrate in its current state. */
  boolean canMigrate() {
    return migration.features().canMigrate() && migration.state() == DeviceState.RUNNING;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("device      " + device.identity().name());
    lines.add("identity    %s, class %06x".formatted(device.identity().ids(), device.identity().classCode()));
    lines.add("driver      " + device.identity().driver());
    device.facts().forEach(fact -> lines.add("%-11s %s".formatted(fact.name(), fact.text())));
    device.regions().stream().filter(region -> region.size() > 0)
        .forEach(region -> lines.add("region      " + describe(region)));
    device.irqs().stream().filter(irq -> irq.count() != 0)
        .forEach(irq -> lines.add("interrupt   " + describe(irq)));
    lines.add("versions    " + describeVersions());
    lines.add("features    " + describeFeatures());
    if (!migration.offered().numbers().isEmpty()) {
      lines.add("offers      " + String.join(", ", FeatureNames.of(migration.offered())));
    }
    lines.add("state       " + migration.state());
    lines.add("stop-copy   "
        + (migration.stopCopyLength().isPresent() ? Quantities.bytes(migration.stopCopyLength().getAsLong())
            + ", estimated by the device" : "no estimate"));
    lines.add("DMA log     " + (migration.dmaLogging() ? "yes" : "no"));
    quirks.forEach(quirk -> lines.add("found       " + quirk.text()));
    lines.add("can migrate " + (canMigrate() ? "yes" : "no"));
    missing.forEach(one -> lines.add("missing     %s: %s".formatted(one.name(), one.remedy())));
    return lines;
  }

  private String describeFeatures() {
    List<String> names = new ArrayList<>(FeatureNames.of(migration.features()));
    if (migration.offered().unknownMigrationFlags() != 0) {
      names.add("flags 0x%x (unknown)".formatted(migration.offered().unknownMigrationFlags()));
    }
    return names.isEmpty() ? "none" : String.join(", ", names);
  }

  private String describeVersions() {
    return switch (migration.versions().size()) {
      case 0 -> "none";
      case 1 -> migration.versions().getFirst() == 1 ? "1, a migration region" : "2";
      default -> "1, a migration region, and 2, which is used here";
    };
  }

  private static String describe(RegionInfo region) {
    return "%-9s %10s %s%s%s%s".formatted(name(region), Quantities.bytes(region.size()),
        region.readable() ? "r" : "-", region.writable() ? "w" : "-", region.mappable() ? " mappable" : "",
        region.capability(RegionCapability.Ndma.class).isPresent() ? " with NDMA" : "");
  }

  private static String name(RegionInfo region) {
    return region.capability(RegionCapability.RegionType.class)
        .filter(RegionCapability.RegionType.MIGRATION::equals).isPresent()
            ? "migration"
            : name(REGIONS, region.index());
  }

  private static String describe(IrqInfo irq) {
    return "%-9s %10s".formatted(name(IRQS, irq.index()), Integer.toUnsignedString(irq.count()));
  }

  /** Returns the name of an index; the number if it has none. */
  static String name(List<String> names, int index) {
    return index < names.size() ? names.get(index) : Integer.toString(index);
  }

  JsonObject json() {
    return Json.event("probe").with("device", device.identity().name()).with("ids", device.identity().ids())
        .with("vendor_id", device.identity().vendorId()).with("device_id", device.identity().deviceId())
        .with("subsystem_vendor_id", device.identity().subsystemVendorId())
        .with("subsystem_id", device.identity().subsystemId())
        .with("class_code", device.identity().classCode()).with("driver", device.identity().driver())
        .with("facts", device.facts(),
            fact -> Json.object().with("name", fact.name()).with("words", fact.text()).build())
        .with("vmm", device.vmm().map(VmmReport::json).orElse(JsonNull.INSTANCE))
        .with("replacement", device.vmm().map(VmmReport::replacementJson).orElse(JsonNull.INSTANCE))
        .with("regions", device.regions(), ProbeReport::json).with("irqs", device.irqs(), ProbeReport::json)
        .with("versions", migration.versions(), version -> new JsonPrimitive(version))
        .with("features", FeatureNames.of(migration.features()))
        .with("unknown_migration_flags", migration.offered().unknownMigrationFlags())
        .with("offered_features", migration.offered().numbers(), number -> new JsonPrimitive(number))
        .with("state", migration.state().name())
        .with("stop_copy_bytes",
            migration.stopCopyLength().isPresent() ? new JsonPrimitive(migration.stopCopyLength().getAsLong())
                : JsonNull.INSTANCE)
        .with("dma_logging", migration.dmaLogging()).with("keeps_state", migration.keepsState())
        .with("can_migrate", canMigrate())
        .with("findings", quirks,
            finding -> Json.object().with("kind", finding.kind()).with("words", finding.text())
                .build())
        .with("missing", missing, advice -> Json.object().with("what", advice.name())
            .with("needed", advice.required()).with("remedy", advice.remedy()).build())
        .build();
  }

  private static JsonObject json(RegionInfo region) {
    return Json.object().with("index", region.index()).with("name", name(region))
        .with("bytes", region.size()).with("readable", region.readable()).with("writable", region.writable())
        .with("mappable", region.mappable()).build();
  }

  private static JsonObject json(IrqInfo irq) {
    return Json.object().with("index", irq.index()).with("name", name(IRQS, irq.index()))
        .with("count", Integer.toUnsignedLong(irq.count())).with("flags", Integer.toUnsignedLong(irq.flags()))
        .build();
  }
}
