// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Reports of migrations as text. */
public final class ReportText {

  private ReportText() {
  }

  /** Returns the report of a source. */
  public static List<String> lines(MigrationReport report) {
    List<String> lines = new ArrayList<>();
    for (MigrationReport.DeviceReport device : report.devices()) {
      lines.add("migrated     %s to %s: %s".formatted(device.source().name(), device.target().name(),
          Quantities.bytes(device.bytes())));
    }
    lines.add("sent         %s in %s".formatted(Quantities.bytes(report.bytes()),
        Quantities.time(report.total())));
    report.compression()
        .ifPresent(compression -> lines.add(describeCompression(compression, report.bytes())));
    lines.add("downtime     " + Quantities.time(report.downtime())
        + report.predictedDowntime().map(time -> comparePrediction(report.downtime(), time)).orElse(""));
    lines.add("of which     " + parts(report.downtimeParts()));
    report.predictedParts().ifPresent(predicted -> lines.add("predicted    " + parts(predicted)));
    for (MigrationReport.DeviceReport device : report.devices()) {
      lines.add("switchover   %s: stopped in %s, then %s in %s".formatted(device.source().name(),
          Quantities.time(device.switchover().stopping()), Quantities.bytes(device.switchover().bytes()),
          Quantities.time(device.switchover().sending())));
    }
    report.memory().ifPresent(memory -> lines.add("switchover   last dirty memory: %s in %s".formatted(
        Quantities.bytes(memory.stopCopyBytes()), Quantities.time(memory.stopCopyDuration()))));
    lines.add("pre-copy     %s, then %s in the downtime".formatted(rounds(report),
        Quantities.bytes(report.stopCopyBytes())));
    lines.add("phases       " + phases(report.phases()));
    lines.add("at target    state checked in %s, started in %s".formatted(
        Quantities.time(report.target().validating()), Quantities.time(report.target().starting())));
    addCommon(lines, report.notCarried(), report.notes());
    return lines;
  }

  /** Returns the report of a target. */
  public static List<String> lines(TargetReport report) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < report.devices().size(); i++) {
      lines.add("received     %s from %s".formatted(report.devices().get(i).name(),
          report.sources().get(i).name()));
    }
    lines.add("loaded       %s in %s".formatted(Quantities.bytes(report.summary().bytes()),
        Quantities.time(report.total())));
    lines.add("phases       " + phases(report.phases()));
    lines.add("at target    state checked in %s, started in %s; journal written in %s".formatted(
        Quantities.time(report.summary().validating()), Quantities.time(report.summary().starting()),
        Quantities.time(report.journalTime())));
    addCommon(lines, report.notCarried(), report.notes());
    return lines;
  }

  private static void addCommon(List<String> lines, List<String> notCarried, List<String> notes) {
    lines.add("not migrated %s: the device's driver sets them up at the target".formatted(
        String.join(", ", notCarried)));
    notes.forEach(note -> lines.add("note         " + note));
  }

  private static String rounds(MigrationReport report) {
    long bytes = report.rounds().stream().mapToLong(MigrationReport.Round::bytes).sum();
    return switch (report.rounds().size()) {
      case 0 -> "none";
      case 1 -> Quantities.bytes(bytes) + " in 1 round";
      default -> "%s in %d rounds".formatted(Quantities.bytes(bytes), report.rounds().size());
    };
  }

  static String describeCompression(MigrationReport.CompressionReport compression, long bytes) {
    return "compressed   to %s with %s, level %d: %s".formatted(Quantities.bytes(compression.bytesOnWire()),
        compression.algorithm().displayName(), compression.level(), compression.bytesOnWire() == 0
            ? "nothing to compress"
            : "1 to %.2f".formatted((double) bytes / compression.bytesOnWire()));
  }

  /** Returns a clause that compares a downtime with its prediction. */
  static String comparePrediction(Duration downtime, Duration predicted) {
    return predicted.isPositive()
        ? String.format(Locale.ROOT, ", %.1f times the %s predicted",
            (double) downtime.toNanos() / predicted.toNanos(),
            Quantities.time(predicted))
        : ", none predicted";
  }

  static String parts(DowntimeParts parts) {
    return parts.durations().entrySet().stream()
        .map(part -> part.getKey().title() + " " + Quantities.time(part.getValue()))
        .collect(Collectors.joining(", "));
  }

  static String phases(List<MigrationReport.PhaseTime> phases) {
    return phases.stream().map(phase -> phase.title() + " " + Quantities.time(phase.duration()))
        .collect(Collectors.joining(", "));
  }
}
