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
 * What a device is.
 *
 * @param facts what there is to tell of its kind alone
 * @param versions the versions of the migration interface that it has, ascending
 * @param offered what it answers to VFIO_DEVICE_FEATURE, known here or not
 * @param keepsState whether it goes on as it is when a command lets go of it
 * @param quirks where its server or driver differs from others
 * @param missing what it lacks for migration
 */
record ProbeReport(DeviceIdentity identity, List<Fact> facts, List<RegionInfo> regions, List<IrqInfo> irqs,
    List<Integer> versions, MigrationFeatures features, OfferedFeatures offered, DeviceState state,
    OptionalLong stopCopyLength,
    boolean dmaLogging, boolean keepsState, List<Note> quirks, List<MissingCapability> missing) {

  /** A server may say that it has billions of them; no device does. */
  private static final int MAX_INDEXES = 64;

  private static final List<String> REGIONS =
      List.of("BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM", "config", "VGA");
  private static final List<String> IRQS = List.of("INTx", "MSI", "MSI-X", "error", "request");

  /**
   * Something to tell of a device of one kind.
   *
   * @param name a word or two
   * @param text the rest of the line
   */
  record Fact(String name, String text) {
  }

  /**
   * Something that was found on the way.
   *
   * @param kind its name for programs
   * @param text for people
   */
  record Note(String kind, String text) {
  }

  static ProbeReport of(OpenDevice device) throws DeviceException {
    return switch (device.device()) {
      case VfioUserClient client -> VfioUserReport.of(device, client);
      case KernelDevice kernel -> KernelReport.of(kernel);
      default -> throw new IllegalStateException("nothing is known of " + device.name());
    };
  }

  /** Returns how many of so many indexes to ask about. */
  static int boundedCount(int count) {
    return Integer.compareUnsigned(count, MAX_INDEXES) > 0 ? MAX_INDEXES : count;
  }

  /** Tells whether it can migrate as it is now. */
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
        + ", as the device estimates" : "no estimate"));
    lines.add("DMA log     " + (dmaLogging ? "yes" : "no"));
    quirks.forEach(finding -> lines.add("found       " + finding.text()));
    lines.add("can migrate " + (canMigrate() ? "yes" : "no"));
    missing.forEach(advice -> lines.add("missing     %s: %s".formatted(advice.name(), advice.remedy())));
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
