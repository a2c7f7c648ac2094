// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.report.ReportJson;
import java.util.ArrayList;
import java.util.List;

/** Reports the demonstration with one device, as text or as JSON. */
final class DemoReport {

  private static final int NAME_WIDTH = 10;

  private final DemoSettings settings;
  private final DemoResult result;

  DemoReport(DemoSettings settings, DemoResult result) {
    this.settings = settings;
    this.result = result;
  }

  List<String> lines() {
    MigrationSummary migration = new MigrationSummary(settings, result);
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("Migrated a device from process %d to process %d, under load throughout."
        .formatted(result.sourcePids().getFirst(), result.targetPids().getFirst()));
    lines.add("");
    lines.addAll(migration.phaseLines());
    lines.add("");
    lines.add(migration.downtimeLine());
    lines.add(migration.sentLine());
    lines.add("");
    device().checks().forEach(check -> lines.add(MigrationSummary.checkLine(check, NAME_WIDTH)));
    lines.add("");
    lines.add(MigrationSummary.verdictLine(result.passed()));
    return lines;
  }

  private DeviceResult device() {
    return result.devices().getFirst();
  }

  JsonObject json() {
    return Json.event("demo").with("passed", result.passed())
        .with("checks", device().checks(), DemoCheck::json)
        .with("source_pid", result.sourcePids().getFirst()).with("target_pid", result.targetPids().getFirst())
        .with("attempts", result.attempts()).with("traffic_writes", device().writes())
        .with("memory_bytes", settings.memory()).with("loaded_bytes", settings.loadedBytes())
        .with("migration", ReportJson.of(result.report())).build();
  }
}
