// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import static io.vfio4j.cli.base.Quantities.bytes;
import static io.vfio4j.cli.base.Quantities.time;

import io.vfio4j.conformance.report.HtmlPage;
import io.vfio4j.conformance.report.Markup;
import io.vfio4j.engine.DowntimeParts;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A migration as a single page that needs nothing else: no script, no font, no picture from elsewhere. */
final class MigrationPage {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** What is shown before and after the downtime, as a part of it. */
  private static final int MARGIN = 20;

  private final MigrationTimeline timeline;
  private final CommandInvocation command;
  private final MigrationResult result;
  /** Where the timeline ends. */
  private final Duration end;
  /** How long it took: as the report says, where there is one. */
  private final Duration took;
  private final HtmlWriter html = new HtmlWriter();

  private MigrationPage(MigrationTimeline story, CommandInvocation command, MigrationResult ending) {
    this.timeline = story;
    this.command = command;
    this.result = ending;
    this.end = story.elapsed();
    this.took = ending.total().orElse(end);
  }

  /** Returns the page, which is to be written as UTF-8. */
  static String of(MigrationTimeline story, CommandInvocation command, MigrationResult ending) {
    MigrationPage page = new MigrationPage(story, command, ending);
    page.write();
    return page.html.toString();
  }

  private void write() {
    html.raw("""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        """);
    html.element("title", "", title()).raw("<style>\n" + HtmlPage.style() + style())
        .raw("</style>\n</head>\n<body>\n<main>\n");
    writeHead();
    ReportTables numbers = new ReportTables(html);
    numbers.writeCards(result, end);
    if (!timeline.phases().isEmpty()) {
      writeTimeline();
    }
    Downtime.of(result).ifPresent(this::writeDowntime);
    numbers.writeTables(result);
    numbers.writeTimeline(timeline, end);
    numbers.writeOptions(command);
    html.raw("</main>\n</body>\n</html>\n");
  }

  private static String style() {
    try (InputStream css = MigrationPage.class.getResourceAsStream("page.css")) {
      if (css == null) {
        throw new IllegalStateException("page.css is not in the module");
      }
      return new String(css.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String title() {
    List<String> devices = timeline.devices(end);
    String what = command.name().endsWith(" save") ? "Saving"
        : command.name().endsWith(" restore") ? "Restoring" : "Migration";
    return devices.isEmpty() ? what : what + " of " + String.join(", ", devices);
  }

  private void writeHead() {
    Optional<String> failure = switch (result) {
      case MigrationResult.Failed failed -> Optional.of(String.valueOf(failed.failure().getMessage()));
      case MigrationResult.RestoreFailed failed -> Optional.of(String.valueOf(failed.failure().getMessage()));
      case MigrationResult.NotStarted failed -> Optional.of(failed.words());
      case MigrationResult.Migrated _,MigrationResult.Received _,MigrationResult.Saved _,MigrationResult.Restored _ ->
        Optional.empty();
    };
    Optional<String> paused = workloadFailure();
    html.raw("<header>\n").element("h1", "", title())
        .element("p", failure.isEmpty() && paused.isEmpty() ? "badge passed" : "badge failed",
            failure.isPresent() ? "Failed"
                : paused.isPresent() ? "Done, but the workload stays paused" : "Done")
        .raw("<dl>\n")
        .fact("Command", command.name()).fact("Began", TIME.format(timeline.startTime()))
        .fact("Took", time(took)).raw("</dl>\n");
    failure.or(() -> paused).ifPresent(words -> html.element("p", "failure", words));
    html.raw("</header>\n");
  }

  /** Returns why a workload did not resume after what was done. */
  private Optional<String> workloadFailure() {
    return switch (result) {
      case MigrationResult.Migrated moved -> moved.report().workloadFailure();
      case MigrationResult.Saved saved -> saved.report().workloadFailure();
      default -> Optional.empty();
    };
  }

  private void writeTimeline() {
    LaneBuilder lanes = new LaneBuilder(timeline, end);
    Duration from = Duration.ZERO;
    Duration to = Duration.ZERO;
    Optional<Downtime> downtime = Downtime.of(result);
    if (downtime.isPresent()) {
      to = lanes.downtimeEnd();
      from = to.minus(downtime.get().took());
    }
    html.section("Timeline")
        .scrollable(new TimelineChart(Duration.ZERO, end, lanes.build(), timeline.rounds().list())
            .text("Phases, states of the devices and rounds over time", from, to));
    writeLegend();
    html.endSection();
  }

  private void writeLegend() {
    html.raw("<p class=\"legend\">");
    timeline.moves(end).stream()
        .flatMap(move -> move.reached().map(reached -> List.of(move.from(), reached))
            .orElseGet(() -> List.of(move.from())).stream())
        .distinct().sorted()
        .forEach(state -> html.raw("<span><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"bar "
            + LaneBuilder.style(state.name()) + "\" width=\"14\" height=\"14\" rx=\"3\"/></svg>"
            + Markup.escape(state.name()) + "</span> "));
    html.raw("<span><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"bar moving\" width=\"14\" "
        + "height=\"14\" rx=\"3\"/></svg>on its way</span>");
    if (Downtime.of(result).isPresent()) {
      html.raw(" <span><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"mark\" width=\"14\" "
          + "height=\"14\" rx=\"3\"/></svg>downtime</span>");
    }
    html.raw("</p>\n");
  }

  private void writeParts(Downtime downtime) {
    List<List<String>> rows = new ArrayList<>();
    downtime.parts().durations().forEach((part, took) -> rows.add(List.of(part.title(), time(took),
        downtime.predicted().map(parts -> predicted(parts, part)).orElse("nothing"))));
    rows.add(List.of("in all", time(downtime.took()),
        downtime.predicted().map(parts -> time(parts.total())).orElse("nothing")));
    html.table(List.of("part", "took", "predicted"), rows);
  }

  private static String predicted(DowntimeParts parts, DowntimeParts.Part part) {
    Duration time = parts.durations().get(part);
    return time == null ? "nothing" : time(time);
  }

  private void writeDowntime(Downtime downtime) {
    LaneBuilder lanes = new LaneBuilder(timeline, end);
    Duration to = lanes.downtimeEnd();
    Duration from = to.minus(downtime.took());
    Duration margin = downtime.took().dividedBy(MARGIN);
    List<Lane> rows = new ArrayList<>(List.of(lanes.downtimeLane(downtime)));
    rows.addAll(lanes.build());
    html.section("The downtime, magnified")
        .scrollable(new TimelineChart(from.minus(margin), to.plus(margin), rows,
            List.of()).text("What the downtime consisted of", from, to));
    writeParts(downtime);
    downtime.memory()
        .ifPresent(memory -> html.element("p", "quiet", "The last dirty memory was %s, sent in %s."
            .formatted(bytes(memory.stopCopyBytes()), time(memory.stopCopyDuration()))));
    html.endSection();
  }
}
