// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.MigrationReport.PhaseTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The lines about the migration in the report of a demonstration. */
final class MigrationSummary {

  private static final int BAR_WIDTH = 72;

  private final DemoSettings settings;
  private final MigrationReport report;
  private final int attempts;

  MigrationSummary(DemoSettings settings, DemoResult result) {
    this.settings = settings;
    this.report = result.report();
    this.attempts = result.attempts();
  }

  /** Returns a bar of the phases, and a line for each phase. */
  List<String> phaseLines() {
    List<String> lines = new ArrayList<>();
    PhaseBar timeline = new PhaseBar(report.phases(), BAR_WIDTH);
    lines.add("  " + timeline.bar());
    for (int i = 0; i < report.phases().size(); i++) {
      lines.add("  " + timeline.shade(i) + " " + phaseLine(report.phases().get(i)));
    }
    return lines;
  }

  private String phaseLine(PhaseTime phase) {
    String devices = report.devices().size() == 1 ? "the device" : "the devices";
    String detail = switch (phase.title()) {
      case "pre-copy" -> "%s in %d round%s, %s running".formatted(
          Quantities.bytes(report.bytes() - report.stopCopyBytes()), report.rounds().size(),
          report.rounds().size() == 1 ? "" : "s", devices);
      case "stop-copy" -> "%s, %s stopped, until the target has loaded it"
          .formatted(Quantities.bytes(report.stopCopyBytes()), devices);
      case "handover" -> "the target starts " + devices;
      default -> "";
    };
    return String
        .format(Locale.ROOT, "%-10s %8s   %s", phase.title(), Quantities.time(phase.duration()), detail)
        .stripTrailing();
  }

  /** Returns the line of the downtime. */
  String downtimeLine() {
    return String.format(Locale.ROOT, "  %-10s %10s   %s", "downtime", Quantities.time(report.downtime()),
        describeLimit());
  }

  private String describeLimit() {
    String predicted =
        report.predictedDowntime().map(time -> ", " + Quantities.time(time) + " predicted").orElse("");
    String attempt = attempts == 1 ? "" : ", attempt " + attempts;
    return "of " + Quantities.time(settings.options().maxDowntime()) + " allowed" + predicted + attempt;
  }

  /** Returns a line for each part of the downtime. */
  List<String> downtimePartLines() {
    return report.downtimeParts().durations().entrySet().stream()
        .map(part -> String.format(Locale.ROOT, "  %-10s %10s   %s", "", Quantities.time(part.getValue()),
            part.getKey().title()))
        .toList();
  }

  /** Returns the line of the bytes sent and of the memory. */
  String sentLine() {
    int devices = report.devices().size();
    long loaded = settings.loadedBytes();
    return String.format(Locale.ROOT, "  %-10s %10s   for %s%s of internal memory%s", "sent",
        Quantities.bytes(report.bytes()), devices == 1 ? "" : devices + " times ",
        Quantities.bytes(settings.memory()),
        loaded > 0 ? ", " + Quantities.bytes(loaded) + " of it from a file" : "");
  }

  /** Returns the line of a check. */
  static String checkLine(DemoCheck check, int nameWidth) {
    return String.format(Locale.ROOT, "  %-" + nameWidth + "s %-7s %s", check.name(),
        check.passed() ? "ok" : "FAILED", check.detail());
  }

  /** Returns the last line. */
  static String verdictLine(boolean passed) {
    return passed ? "Nothing was lost." : "A check failed, see above.";
  }
}
