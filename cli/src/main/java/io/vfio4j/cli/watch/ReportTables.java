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

/** The numbers and lists of a page about a migration. */
final class ReportTables {

  private final HtmlWriter html;

  ReportTables(HtmlWriter html) {
    this.html = html;
  }

  /** Writes the few that matter most. */
  void writeCards(MigrationResult ending, Duration end) {
    html.raw("<ul class=\"counts\">\n");
    switch (ending) {
      case MigrationResult.Migrated(MigrationReport report) -> {
        writeCard(time(report.downtime()),
            "downtime" + report.predictedDowntime().map(t -> ", predicted " + time(t)).orElse(""));
        writeCard(time(report.total()), "in all");
        writeCard(bytes(report.bytes()), "sent");
        writeCard(bytes(report.stopCopyBytes()), "of it in the downtime");
        int rounds = report.rounds().isEmpty() ? 0 : report.rounds().getLast().number();
        writeCard(Integer.toString(rounds), rounds == 1 ? "round" : "rounds");
      }
      case MigrationResult.Received(TargetReport report) -> {
        writeCard(time(report.total()), "in all");
        writeCard(bytes(report.summary().bytes()), "loaded");
        writeCard(time(report.summary().validating()), "checking the state");
        writeCard(time(report.summary().starting()), "starting");
        writeCard(time(report.journalTime()), "recording it in the journal");
      }
      case MigrationResult.Saved(SaveReport report, _) -> {
        Downtime.of(report).ifPresent(downtime -> writeCard(time(downtime.took()), "downtime"));
        writeCard(time(report.total()), "in all");
        writeCard(bytes(report.bytes()), "saved");
        writeCard(bytes(report.stopCopyBytes()), "of it while everything stood still");
      }
      case MigrationResult.Restored(RestoreReport report, _) -> {
        writeCard(time(report.total()), "in all");
        writeCard(bytes(report.summary().bytes()), "loaded");
        writeCard(time(report.summary().validating()), "checking the state");
        writeCard(time(report.summary().starting()), "starting");
      }
      case MigrationResult.RestoreFailed failed -> {
        writeCard(failed.cause().phase().title(), "where it failed");
        writeCard(failed.cause().result().name(), "the devices");
        writeCard(time(end), "until it was over");
      }
      case MigrationResult.NotStarted _ -> writeCard("nothing", "was moved");
      case MigrationResult.Failed failed -> {
        writeCard(failed.cause().phase().title(), "where it failed");
        writeCard(failed.cause().outcome().name(), "the source");
        writeCard(time(end), "until it was over");
      }
    }
    html.raw("</ul>\n");
  }

  private void writeCard(String value, String what) {
    html.raw("<li>").element("b", "", value).element("span", "", what).raw("</li>\n");
  }

  /** Writes what is known of each device, and of memory. */
  void writeTables(MigrationResult ending) {
    switch (ending) {
      case MigrationResult.Migrated(MigrationReport report) -> writeMigrated(report);
      case MigrationResult.Received(TargetReport report) -> writeReceived(report);
      case MigrationResult.Failed failed -> writeFailed(failed);
      case MigrationResult.Saved(SaveReport report, Path file) -> writeSaved(report, file);
      case MigrationResult.Restored(RestoreReport report, Path file) -> writeRestored(report, file);
      case MigrationResult.NotStarted _,MigrationResult.RestoreFailed _ -> {
        // There is nothing that could be known.
      }
    }
  }

  private void writeMigrated(MigrationReport report) {
    html.section("Devices").table(
        List.of("device", "went to", "sent", "move to STOP_COPY", "sent in the downtime", "which took"),
        report.devices().stream().map(device -> List.of(device.source().name(), device.target().name(),
            bytes(device.bytes()), time(device.switchover().stopping()), bytes(device.switchover().bytes()),
            time(device.switchover().sending()))).toList())
        .endSection();
    report.memory().ifPresent(this::writeMemory);
    html.section("At the target").table(List.of("loaded", "checking the state", "starting"),
        List.of(List.of(bytes(report.target().bytes()), time(report.target().validating()),
            time(report.target().starting()))))
        .element("p", "quiet", "Not carried: " + String.join(", ", report.notCarried()) + ".").endSection();
  }

  private void writeMemory(MigrationReport.MemoryReport memory) {
    html.section("Memory").table(
        List.of("size", "sent", "pages", "of them zero", "sent in the downtime", "which took"),
        List.of(List.of(bytes(memory.size()), bytes(memory.bytes()), Long.toString(memory.pages()),
            Long.toString(memory.zeroPages()), bytes(memory.stopCopyBytes()),
            time(memory.stopCopyDuration()))))
        .endSection();
  }

  private void writeSaved(SaveReport report, Path file) {
    html.section("Devices").table(
        List.of("device", "saved", "move to STOP_COPY", "saved while everything stood still", "which took"),
        report.devices().stream().map(device -> List.of(device.device().name(), bytes(device.bytes()),
            time(device.switchover().stopping()), bytes(device.switchover().bytes()),
            time(device.switchover().sending()))).toList())
        .element("p", "quiet", "They %s. The file is %s, %s.".formatted(
            report.stopped() ? "stay in STOP" : "run on", file, bytes(report.fileBytes())))
        .endSection();
    report.memory().ifPresent(this::writeMemory);
  }

  private void writeRestored(RestoreReport report, Path file) {
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < report.devices().size(); i++) {
      rows.add(List.of(report.devices().get(i).name(), report.state().devices().get(i).identity().name()));
    }
    html.section("Devices").table(List.of("device", "goes on from"), rows)
        .element("p", "quiet", "The file is %s, as of %s. Its source %s.".formatted(file,
            report.state().stoppedAt(), report.state().source().description()))
        .endSection();
  }

  private void writeReceived(TargetReport report) {
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < report.devices().size(); i++) {
      rows.add(List.of(report.devices().get(i).name(), report.sources().get(i).name()));
    }
    html.section("Devices").table(List.of("device", "came from"), rows)
        .element("p", "quiet", "Not carried: " + String.join(", ", report.notCarried()) + ".");
    if (!report.confirmationSent()) {
      html.element("p", "failure", "The source could not be told that they run here.");
    }
    html.endSection();
  }

  private void writeFailed(MigrationResult.Failed failed) {
    html.section("What became of the devices");
    if (!failed.cause().devices().isEmpty()) {
      html.table(List.of("device of the source", "outcome", "state"), failed.cause().devices().stream()
          .map(fate -> List.of(fate.device(), fate.outcome().name(),
              fate.state().map(Enum::name).orElse("unknown")))
          .toList());
    }
    html.element("p", "quiet", "%s: %s".formatted(failed.other(), failed.cause().targetOutcome()))
        .endSection();
  }

  /** Writes rounds, moves and notes: all that the timeline shows, in words. */
  void writeTimeline(MigrationTimeline story, Duration end) {
    List<MigrationTimeline.RoundEnd> rounds = story.rounds().list();
    if (!rounds.isEmpty()) {
      open("Rounds", story.rounds().omitted());
      html.table(
          List.of("round", "ended", "took", "devices", "memory", "left", "rate so far", "downtime would be"),
          rounds.stream().map(ReportTables::row).toList()).raw("</details>\n");
    }
    if (!story.phases().isEmpty()) {
      open("Phases", 0);
      html.table(List.of("began", "side", "phase", "why"), story.phases().stream()
          .map(phase -> List.of(time(phase.at()), phase.side().toString(), phase.phase(), phase.reason()))
          .toList()).raw("</details>\n");
    }
    List<MigrationTimeline.StateChange> moves = story.moves(end);
    if (!moves.isEmpty()) {
      open("Moves", 0);
      html.table(List.of("began", "took", "side", "device", "from", "to", "reached", "why"),
          moves.stream().map(ReportTables::row).toList()).raw("</details>\n");
    }
    if (!story.notes().isEmpty()) {
      open("Notes", 0);
      html.table(List.of("at", "side", "note"), story.notes().stream()
          .map(note -> List.of(time(note.at()), note.side().toString(), note.text())).toList())
          .raw("</details>\n");
    }
  }

  private void open(String title, long leftOut) {
    html.raw("<details>\n<summary>").element("h2", "", title).raw("</summary>\n");
    if (leftOut > 0) {
      html.element("p", "quiet", "%d in the middle are left out.".formatted(leftOut));
    }
  }

  private static List<String> row(MigrationTimeline.RoundEnd end) {
    MigrationReport.Round round = end.round();
    return List.of(Integer.toString(round.number()), time(end.at()), time(round.duration()),
        bytes(round.deviceBytes()), bytes(round.memoryBytes()), bytes(round.bytesLeft()),
        rate(round.bytesPerSecond()), end.predictedDowntime().map(t -> time(t)).orElse("unknown"));
  }

  private static List<String> row(MigrationTimeline.StateChange move) {
    return List.of(time(move.began()), time(move.ended().minus(move.began())),
        move.device().side().toString(), move.device().device(), move.from().name(), move.to().name(),
        move.reached().map(Enum::name).orElse("unknown"), move.reason());
  }

  /** Writes what was asked of the command. */
  void writeOptions(CommandInvocation command) {
    open("Options", 0);
    html.table(List.of("option", "value"), command.options().stream()
        .map(given -> List.of(given.option(), given.value())).toList()).raw("</details>\n");
  }
}
