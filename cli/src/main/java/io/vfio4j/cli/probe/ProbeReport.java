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
import java.util.OptionalLong;

/**
 * The report of a device.
 *
 * @param facts properties that only devices of its kind have
 * @param versions the versions of the migration interface that it supports, ascending
 * @param offered the features that it accepts in VFIO_DEVICE_FEATURE, known or unknown
 * @param keepsState whether it stays in RUNNING when it is closed
 * @param quirks where its server or driver deviates from the specification
 * @param missing the capabilities that it lacks for migration
 */
record ProbeReport(DeviceIdentity identity, List<Fact> facts, List<RegionInfo> regions, List<IrqInfo> irqs,
    List<Integer> versions, MigrationFeatures features, OfferedFeatures offered, DeviceState state,
    OptionalLong stopCopyLength,
    boolean dmaLogging, boolean keepsState, List<Note> quirks, List<MissingCapability> missing) {

  /** A server may report billions of regions or interrupts; no device has them. */
  private static final int MAX_INDEXES = 64;

  private static final List<String> REGIONS =
      List.of("BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM", "config", "VGA");
  private static final List<String> IRQS = List.of("INTx", "MSI", "MSI-X", "error", "request");

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
    return features.canMigrate() && state == DeviceState.RUNNING;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("device      " + identity.name());
    lines.add("identity    %s, class %06x".formatted(identity.ids(), identity.classCode()));
    lines.add("driver      " + identity.driver());
    facts.forEach(fact -> lines.add("%-11s %s".formatted(fact.name(), fact.text())));
    regions.stream().filter(region -> region.size() > 0)
        .forEach(region -> lines.add("region      " + describe(region)));
    irqs.stream().filter(irq -> irq.count() != 0).forEach(irq -> lines.add("interrupt   " + describe(irq)));
    lines.add("versions    " + describeVersions());
    lines.add("features    " + describeFeatures());
    if (!offered.numbers().isEmpty()) {
      lines.add("offers      " + String.join(", ", FeatureNames.of(offered)));
    }
    lines.add("state       " + state);
    lines.add("stop-copy   " + (stopCopyLength.isPresent() ? Quantities.bytes(stopCopyLength.getAsLong())
        + ", estimated by the device" : "no estimate"));
    lines.add("DMA log     " + (dmaLogging ? "yes" : "no"));
    quirks.forEach(quirk -> lines.add("found       " + quirk.text()));
    lines.add("can migrate " + (canMigrate() ? "yes" : "no"));
    missing.forEach(one -> lines.add("missing     %s: %s".formatted(one.name(), one.remedy())));
    return lines;
  }

  private String describeFeatures() {
    List<String> names = new ArrayList<>(FeatureNames.of(features));
    if (offered.unknownMigrationFlags() != 0) {
      names.add("flags 0x%x (unknown)".formatted(offered.unknownMigrationFlags()));
    }
    return names.isEmpty() ? "none" : String.join(", ", names);
  }

  private String describeVersions() {
    return switch (versions.size()) {
      case 0 -> "none";
      case 1 -> versions.getFirst() == 1 ? "1, a migration region" : "2";
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

  private static String name(List<String> names, int index) {
    return index < names.size() ? names.get(index) : Integer.toString(index);
  }

  JsonObject json() {
    return Json.event("probe").with("device", identity.name()).with("ids", identity.ids())
        .with("vendor_id", identity.vendorId()).with("device_id", identity.deviceId())
        .with("subsystem_vendor_id", identity.subsystemVendorId())
        .with("subsystem_id", identity.subsystemId())
        .with("class_code", identity.classCode()).with("driver", identity.driver())
        .with("facts", facts,
            fact -> Json.object().with("name", fact.name()).with("words", fact.text()).build())
        .with("regions", regions, ProbeReport::json).with("irqs", irqs, ProbeReport::json)
        .with("versions", versions, version -> new JsonPrimitive(version))
        .with("features", FeatureNames.of(features))
        .with("unknown_migration_flags", offered.unknownMigrationFlags())
        .with("offered_features", offered.numbers(), number -> new JsonPrimitive(number))
        .with("state", state.name())
        .with("stop_copy_bytes", stopCopyLength.isPresent() ? new JsonPrimitive(stopCopyLength.getAsLong())
            : JsonNull.INSTANCE)
        .with("dma_logging", dmaLogging).with("keeps_state", keepsState).with("can_migrate", canMigrate())
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
