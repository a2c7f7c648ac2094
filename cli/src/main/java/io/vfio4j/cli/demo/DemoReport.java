// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.report.ReportJson;
import io.vfio4j.engine.MigrationReport;
import java.util.ArrayList;
import java.util.List;

/** Tells what came of the demonstration, to a person or as JSON. */
final class DemoReport {

  private final DemoSettings settings;
  private final DemoResult result;

  DemoReport(DemoSettings settings, DemoResult result) {
    this.settings = settings;
    this.result = result;
  }

  List<String> lines() {
    MigrationSummary migration =
        new MigrationSummary(result.report(), settings.options(), result.attempts());
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        "A device moved from process %d to process %d, at work all the while.".formatted(result.sourcePid(),
            result.targetPid()));
    lines.add("");
    lines.addAll(migration.phaseLines());
    lines.add("");
    lines.add(migration.downtimeLine());
    lines.add(migration.sentLine("%s of internal memory%s".formatted(Quantities.bytes(settings.memory()),
        result.loaded() > 0 ? ", " + Quantities.bytes(result.loaded()) + " of it from a file" : "")));
    lines.add("");
    result.checks().forEach(check -> lines.add(MigrationSummary.checkLine(check, 10)));
    lines.add("");
    lines.add(MigrationSummary.verdictLine(result.passed()));
    return lines;
  }

  JsonObject json() {
    MigrationReport report = result.report();
    return Json.event("demo").with("passed", result.passed())
        .with("checks", result.checks(), DemoCheck::json)
        .with("source_pid", result.sourcePid()).with("target_pid", result.targetPid())
        .with("attempts", result.attempts()).with("traffic_writes", result.writes())
        .with("memory_bytes", settings.memory()).with("loaded_bytes", result.loaded())
        .with("migration", ReportJson.of(report))
        .build();
  }
}
