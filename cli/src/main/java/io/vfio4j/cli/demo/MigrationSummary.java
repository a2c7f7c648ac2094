// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.MigrationReport.PhaseTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Tells a person how the migration of a demonstration went. */
final class MigrationSummary {

  private static final int BAR_WIDTH = 72;

  private final MigrationReport report;
  private final MigrationOptions options;
  private final int attempts;

  MigrationSummary(MigrationReport report, MigrationOptions options, int attempts) {
    this.report = report;
    this.options = options;
    this.attempts = attempts;
  }

  /** Returns a bar of the phases, and a line for each. */
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
    String about = switch (phase.title()) {
      case "pre-copy" -> "%s in %d round%s, %s running".formatted(
          Quantities.bytes(report.bytes() - report.stopCopyBytes()), report.rounds().size(),
          report.rounds().size() == 1 ? "" : "s", devices);
      case "stop-copy" -> "%s, %s standing still, until the target has it"
          .formatted(Quantities.bytes(report.stopCopyBytes()), devices);
      case "handover" -> "the target starts " + devices;
      default -> "";
    };
    return String
        .format(Locale.ROOT, "%-10s %8s   %s", phase.title(), Quantities.time(phase.duration()), about)
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
    String tries = attempts == 1 ? "" : ", at try " + attempts;
    return "of " + Quantities.time(options.maxDowntime()) + " allowed" + predicted + tries;
  }

  /** Returns a line for each part of the downtime. */
  List<String> downtimePartLines() {
    return report.downtimeParts().durations().entrySet().stream()
        .map(part -> String.format(Locale.ROOT, "  %-10s %10s   %s", "", Quantities.time(part.getValue()),
            part.getKey().title()))
        .toList();
  }

  /** Returns the line of what was sent, which ends with what it is a part of. */
  String sentLine(String of) {
    return String.format(Locale.ROOT, "  %-10s %10s   of %s", "moved", Quantities.bytes(report.bytes()), of);
  }

  /** Returns the line of something proved. */
  static String checkLine(DemoCheck check, int nameWidth) {
    return String.format(Locale.ROOT, "  %-" + nameWidth + "s %-7s %s", check.name(),
        check.passed() ? "ok" : "FAILED", check.detail());
  }

  /** Returns the last line. */
  static String verdictLine(boolean passed) {
    return passed ? "Nothing was lost." : "Something was lost: see above.";
  }
}
