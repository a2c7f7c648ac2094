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

/** Tells what came of the demonstration with several devices, to a person or as JSON. */
final class RingReport {

  private static final int NAME_WIDTH = 12;

  private final DemoSettings settings;
  private final RingResult result;

  RingReport(DemoSettings settings, RingResult result) {
    this.settings = settings;
    this.result = result;
  }

  List<String> lines() {
    int count = result.devices().size();
    MigrationSummary migration =
        new MigrationSummary(result.report(), settings.options(), result.attempts());
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("%d devices moved, each from one process to another, at work all the while.".formatted(count));
    lines.add("");
    lines.addAll(migration.phaseLines());
    lines.add("");
    lines.add(migration.downtimeLine());
    lines.addAll(migration.downtimePartLines());
    lines.add(migration.sentLine("%d times %s of internal memory%s".formatted(count,
        Quantities.bytes(settings.memory()),
        result.loaded() > 0 ? ", " + Quantities.bytes(result.loaded()) + " of it from a file" : "")));
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
    return "  device %d, process %d to %d: %s; stopped in %s, its last %s in %s".formatted(i + 1,
        result.sourcePids().get(i), result.targetPids().get(i), Quantities.bytes(device.bytes()),
        Quantities.time(switchover.stopping()), Quantities.bytes(switchover.bytes()),
        Quantities.time(switchover.sending()));
  }

  JsonObject json() {
    return Json.event("demo").with("passed", result.passed())
        .with("devices", IntStream.range(0, result.devices().size()).boxed().toList(), this::json)
        .with("attempts", result.attempts()).with("memory_bytes", settings.memory())
        .with("loaded_bytes", result.loaded()).with("migration", ReportJson.of(result.report())).build();
  }

  private JsonElement json(int i) {
    RingDeviceResult proof = result.devices().get(i);
    return Json.object().with("source_pid", result.sourcePids().get(i))
        .with("target_pid", result.targetPids().get(i)).with("traffic_writes", proof.writes())
        .with("peer_writes", proof.peerWrites()).with("checks", proof.checks(), DemoCheck::json).build();
  }
}
