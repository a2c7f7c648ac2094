// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import static io.vfio4j.cli.base.Quantities.bytes;
import static io.vfio4j.cli.base.Quantities.rate;
import static io.vfio4j.cli.base.Quantities.time;

import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The figures and tables of a page about a migration. */
final class ReportTables {

  private final HtmlWriter html;

  ReportTables(HtmlWriter html) {
    this.html = html;
  }

  /** Writes the most important figures. */
  void writeCards(MigrationResult result, Duration end) {
    html.raw("<ul class=\"counts\">\n");
    switch (result) {
      case MigrationResult.Migrated(MigrationReport report) -> {
        writeCard(time(report.downtime()),
            "downtime" + report.predictedDowntime().map(t -> ", predicted " + time(t)).orElse(""));
        writeCard(time(report.total()), "total");
        writeCard(bytes(report.bytes()), "sent");
        writeCard(bytes(report.stopCopyBytes()), "sent in the downtime");
        int rounds = report.rounds().isEmpty() ? 0 : report.rounds().getLast().number();
        writeCard(Integer.toString(rounds), rounds == 1 ? "round" : "rounds");
      }
      case MigrationResult.Received(TargetReport report) -> {
        writeCard(time(report.total()), "total");
        writeCard(bytes(report.summary().bytes()), "loaded");
        writeCard(time(report.summary().validating()), "checking the state");
        writeCard(time(report.summary().starting()), "starting");
        writeCard(time(report.journalTime()), "writing the journal");
      }
      case MigrationResult.Saved(SaveReport report, _) -> {
        Downtime.of(report).ifPresent(downtime -> writeCard(time(downtime.duration()), "downtime"));
        writeCard(time(report.total()), "total");
        writeCard(bytes(report.bytes()), "saved");
        writeCard(bytes(report.stopCopyBytes()), "saved while stopped");
      }
      case MigrationResult.Restored(RestoreReport report, _) -> {
        writeCard(time(report.total()), "total");
        writeCard(bytes(report.summary().bytes()), "loaded");
        writeCard(time(report.summary().validating()), "checking the state");
        writeCard(time(report.summary().starting()), "starting");
      }
      case MigrationResult.RestoreFailed failed -> {
        writeCard(failed.cause().phase().title(), "failed phase");
        writeCard(failed.cause().result().name(), "the devices");
        writeCard(time(end), "until the failure");
      }
      case MigrationResult.NotStarted _ -> writeCard("nothing", "was migrated");
      case MigrationResult.Failed failed -> {
        writeCard(failed.cause().phase().title(), "failed phase");
        writeCard(failed.cause().outcome().name(), "the source");
        writeCard(time(end), "until the failure");
      }
    }
    html.raw("</ul>\n");
  }

  private void writeCard(String value, String label) {
    html.raw("<li>").element("b", "", value).element("span", "", label).raw("</li>\n");
  }

  /** Writes the tables of devices and memory. */
  void writeTables(MigrationResult result) {
    switch (result) {
      case MigrationResult.Migrated(MigrationReport report) -> writeMigrated(report);
      case MigrationResult.Received(TargetReport report) -> writeReceived(report);
      case MigrationResult.Failed failed -> writeFailed(failed);
      case MigrationResult.Saved(SaveReport report, Path file) -> writeSaved(report, file);
      case MigrationResult.Restored(RestoreReport report, Path file) -> writeRestored(report, file);
      case MigrationResult.NotStarted _, MigrationResult.RestoreFailed _ -> {
        // No figures.
      }
    }
  }

  private void writeMigrated(MigrationReport report) {
    html.section("Devices").table(
        List.of("device", "target", "sent", "transition to STOP_COPY", "sent in the downtime", "duration"),
        report.devices().stream().map(device -> List.of(device.source().name(), device.target().name(),
            bytes(device.bytes()), time(device.switchover().stopping()), bytes(device.switchover().bytes()),
            time(device.switchover().sending()))).toList())
        .endSection();
    report.memory().ifPresent(this::writeMemory);
    html.section("At the target").table(List.of("loaded", "checking the state", "starting"),
        List.of(List.of(bytes(report.target().bytes()), time(report.target().validating()),
            time(report.target().starting()))))
        .element("p", "quiet", "Not migrated: " + String.join(", ", report.notCarried()) + ".").endSection();
  }

  private void writeMemory(MigrationReport.MemoryReport memory) {
    html.section("Memory").table(
        List.of("size", "sent", "pages", "zero pages", "sent in the downtime", "duration"),
        List.of(List.of(bytes(memory.size()), bytes(memory.bytes()), Long.toString(memory.pages()),
            Long.toString(memory.zeroPages()), bytes(memory.stopCopyBytes()),
            time(memory.stopCopyDuration()))))
        .endSection();
  }

  private void writeSaved(SaveReport report, Path file) {
    html.section("Devices").table(
        List.of("device", "saved", "transition to STOP_COPY", "saved while stopped", "duration"),
        report.devices().stream().map(device -> List.of(device.device().name(), bytes(device.bytes()),
            time(device.switchover().stopping()), bytes(device.switchover().bytes()),
            time(device.switchover().sending()))).toList())
        .element("p", "quiet", "The devices %s. File: %s, %s.".formatted(
            report.stopped() ? "stay in STOP" : "keep running", file, bytes(report.fileBytes())))
        .endSection();
    report.memory().ifPresent(this::writeMemory);
  }

  private void writeRestored(RestoreReport report, Path file) {
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < report.devices().size(); i++) {
      rows.add(List.of(report.devices().get(i).name(), report.state().devices().get(i).identity().name()));
    }
    html.section("Devices").table(List.of("device", "state of"), rows)
        .element("p", "quiet", "File: %s, as of %s. Its source %s.".formatted(file,
            report.state().stoppedAt(), report.state().source().description()))
        .endSection();
  }

  private void writeReceived(TargetReport report) {
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < report.devices().size(); i++) {
      rows.add(List.of(report.devices().get(i).name(), report.sources().get(i).name()));
    }
    html.section("Devices").table(List.of("device", "source"), rows)
        .element("p", "quiet", "Not migrated: " + String.join(", ", report.notCarried()) + ".");
    if (!report.confirmationSent()) {
      html.element("p", "failure", "The source could not be notified that the devices run here.");
    }
    html.endSection();
  }

  private void writeFailed(MigrationResult.Failed failed) {
    html.section("Outcome for the devices");
    if (!failed.cause().devices().isEmpty()) {
      html.table(List.of("device of the source", "outcome", "state"), failed.cause().devices().stream()
          .map(device -> List.of(device.device(), device.outcome().name(),
              device.state().map(Enum::name).orElse("unknown")))
          .toList());
    }
    html.element("p", "quiet", "%s: %s".formatted(failed.other(), failed.cause().targetOutcome()))
        .endSection();
  }

  /** Writes rounds, phases, transitions and notes: the data of the timeline. */
  void writeTimeline(MigrationTimeline timeline, Duration end) {
    List<MigrationTimeline.RoundEnd> rounds = timeline.rounds().list();
    if (!rounds.isEmpty()) {
      open("Rounds", timeline.rounds().omitted());
      html.table(
          List.of("round", "end", "duration", "devices", "memory", "remaining", "rate so far",
              "predicted downtime"),
          rounds.stream().map(ReportTables::row).toList()).raw("</details>\n");
    }
    if (!timeline.phases().isEmpty()) {
      open("Phases", 0);
      html.table(List.of("start", "side", "phase", "reason"), timeline.phases().stream()
          .map(phase -> List.of(time(phase.at()), phase.side().toString(), phase.phase(), phase.reason()))
          .toList()).raw("</details>\n");
    }
    List<MigrationTimeline.StateChange> changes = timeline.stateChanges(end);
    if (!changes.isEmpty()) {
      open("Transitions", 0);
      html.table(List.of("start", "duration", "side", "device", "from", "to", "reached", "reason"),
          changes.stream().map(ReportTables::row).toList()).raw("</details>\n");
    }
    if (!timeline.notes().isEmpty()) {
      open("Notes", 0);
      html.table(List.of("at", "side", "note"), timeline.notes().stream()
          .map(note -> List.of(time(note.at()), note.side().toString(), note.text())).toList())
          .raw("</details>\n");
    }
  }

  private void open(String title, long omitted) {
    html.raw("<details>\n<summary>").element("h2", "", title).raw("</summary>\n");
    if (omitted > 0) {
      html.element("p", "quiet", "%d in the middle are omitted.".formatted(omitted));
    }
  }

  private static List<String> row(MigrationTimeline.RoundEnd end) {
    MigrationReport.Round round = end.round();
    return List.of(Integer.toString(round.number()), time(end.at()), time(round.duration()),
        bytes(round.deviceBytes()), bytes(round.memoryBytes()), bytes(round.bytesLeft()),
        rate(round.bytesPerSecond()), end.predictedDowntime().map(t -> time(t)).orElse("unknown"));
  }

  private static List<String> row(MigrationTimeline.StateChange change) {
    return List.of(time(change.interval().start()), time(change.interval().duration()),
        change.device().side().toString(), change.device().device(), change.from().name(), change.to().name(),
        change.reached().map(Enum::name).orElse("unknown"), change.reason());
  }

  /** Writes the options of the command. */
  void writeOptions(CommandInvocation command) {
    open("Options", 0);
    html.table(List.of("option", "value"), command.options().stream()
        .map(argument -> List.of(argument.option(), argument.value())).toList()).raw("</details>\n");
  }
}
