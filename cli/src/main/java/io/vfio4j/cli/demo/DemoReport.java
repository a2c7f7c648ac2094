// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.cli.Json;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.MigrationReport.PhaseTime;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Tells what came of the demonstration, to a person or as JSON. */
final class DemoReport {

  private static final int BAR_WIDTH = 72;

  private final DemoSettings settings;
  private final DemoResult result;

  DemoReport(DemoSettings settings, DemoResult result) {
    this.settings = settings;
    this.result = result;
  }

  List<String> lines() {
    MigrationReport report = result.report();
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("A device moved from process %d to process %d, at work all the while.".formatted(result.sourcePid(),
        result.targetPid()));
    lines.add("");
    Timeline timeline = new Timeline(report.phases(), BAR_WIDTH);
    lines.add("  " + timeline.bar());
    for (int i = 0; i < report.phases().size(); i++) {
      lines.add("  " + timeline.shade(i) + " " + phase(report.phases().get(i)));
    }
    lines.add("");
    lines.add(format("  %-10s %10s   %s", "downtime", time(report.downtime()), allowed(report)));
    lines.add(format("  %-10s %10s   of %s of internal memory%s", "moved", size(report.bytes()),
        size(settings.memory()), result.loaded() > 0 ? ", " + size(result.loaded()) + " of it from a file" : ""));
    lines.add("");
    for (Check check : result.checks()) {
      lines.add(format("  %-10s %-7s %s", check.name(), check.passed() ? "ok" : "FAILED", check.detail()));
    }
    lines.add("");
    lines.add(result.passed() ? "Nothing was lost." : "Something was lost: see above.");
    return lines;
  }

  private String phase(PhaseTime phase) {
    MigrationReport report = result.report();
    String about = switch (phase.title()) {
      case "pre-copy" -> "%s in %d rounds, the device running".formatted(
          size(report.bytes() - report.stopCopyBytes()), report.rounds().size());
      case "stop-copy" -> size(report.stopCopyBytes()) + ", the device standing still, until the target has it";
      case "handover" -> "the target starts the device";
      default -> "";
    };
    return format("%-10s %8s   %s", phase.title(), time(phase.took()), about).stripTrailing();
  }

  private String allowed(MigrationReport report) {
    String predicted = report.predictedDowntime().map(time -> ", " + time(time) + " predicted").orElse("");
    String tries = result.attempts() == 1 ? "" : ", at try " + result.attempts();
    return "of " + time(settings.options().maxDowntime()) + " allowed" + predicted + tries;
  }

  JsonObject json() {
    MigrationReport report = result.report();
    return Json.event("demo").with("passed", result.passed())
        .with("checks", result.checks(),
            check -> Json.object().with("name", check.name()).with("passed", check.passed())
                .with("detail", check.detail()).build())
        .with("source_pid", result.sourcePid()).with("target_pid", result.targetPid())
        .with("attempts", result.attempts()).with("traffic_writes", result.writes())
        .with("memory_bytes", settings.memory()).with("loaded_bytes", result.loaded()).with("bytes", report.bytes())
        .with("stop_copy_bytes", report.stopCopyBytes()).with("rounds", report.rounds().size())
        .with("downtime_ms", report.downtime()).with("total_ms", report.total())
        .with("phases", report.phases(),
            phase -> Json.object().with("name", phase.title()).with("ms", phase.took()).build())
        .build();
  }

  private static String time(Duration duration) {
    double millis = duration.toNanos() / 1e6;
    return millis < 1000 ? format("%.1f ms", millis) : format("%.2f s", millis / 1000);
  }

  private static String size(long bytes) {
    double mebibytes = bytes / (double) (1 << 20);
    return mebibytes < 1 ? format("%.1f KiB", bytes / 1024.0) : format("%.1f MiB", mebibytes);
  }

  private static String format(String pattern, Object... arguments) {
    return String.format(Locale.ROOT, pattern, arguments);
  }
}
