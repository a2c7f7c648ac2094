// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.report.ReportJson;
import io.vfio4j.engine.DeviceSwitchover;
import io.vfio4j.engine.MigrationReport;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Reports the demonstration with several devices, as text or as JSON. */
final class RingReport {

  private static final int NAME_WIDTH = 12;

  private final DemoSettings settings;
  private final DemoResult result;

  RingReport(DemoSettings settings, DemoResult result) {
    this.settings = settings;
    this.result = result;
  }

  List<String> lines() {
    int count = result.devices().size();
    MigrationSummary migration = new MigrationSummary(settings, result);
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        "Migrated %d devices, each from one process to another, under load throughout.".formatted(count));
    lines.add("");
    lines.addAll(migration.phaseLines());
    lines.add("");
    lines.add(migration.downtimeLine());
    lines.addAll(migration.downtimePartLines());
    lines.add(migration.sentLine());
    for (int i = 0; i < count; i++) {
      lines.add("");
      lines.add(device(i));
      result.devices().get(i).checks()
          .forEach(check -> lines.add(MigrationSummary.checkLine(check, NAME_WIDTH)));
    }
    lines.add("");
    lines.add(MigrationSummary.verdictLine(result.passed()));
    return lines;
  }

  private String device(int i) {
    MigrationReport.DeviceReport device = result.report().devices().get(i);
    DeviceSwitchover switchover = device.switchover();
    return "  device %d, process %d to %d: %s; stopped in %s, final %s in %s".formatted(i + 1,
        result.sourcePids().get(i), result.targetPids().get(i), Quantities.bytes(device.bytes()),
        Quantities.time(switchover.stopping()), Quantities.bytes(switchover.bytes()),
        Quantities.time(switchover.sending()));
  }

  JsonObject json() {
    return Json.event("demo").with("passed", result.passed())
        .with("devices", IntStream.range(0, result.devices().size()).boxed().toList(), this::json)
        .with("attempts", result.attempts()).with("memory_bytes", settings.memory())
        .with("loaded_bytes", settings.loadedBytes()).with("migration", ReportJson.of(result.report()))
        .build();
  }

  private JsonElement json(int i) {
    DeviceResult device = result.devices().get(i);
    return Json.object().with("source_pid", result.sourcePids().get(i))
        .with("target_pid", result.targetPids().get(i)).with("traffic_writes", device.writes())
        .with("peer_writes", device.peerWrites()).with("checks", device.checks(), DemoCheck::json).build();
  }
}
