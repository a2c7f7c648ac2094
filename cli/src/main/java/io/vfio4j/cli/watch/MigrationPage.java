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

/** A migration as a self-contained HTML page: no script, and no external font or image. */
final class MigrationPage {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** The time shown before and after the downtime, as a fraction (1/n) of it. */
  private static final int MARGIN = 20;

  private final MigrationTimeline timeline;
  private final CommandInvocation command;
  private final MigrationResult result;
  /** Where the timeline ends. */
  private final Duration end;
  /** The duration in the report, if there is one; else until the end of the timeline. */
  private final Duration total;
  private final HtmlWriter html = new HtmlWriter();

  private MigrationPage(MigrationTimeline timeline, CommandInvocation command, MigrationResult result) {
    this.timeline = timeline;
    this.command = command;
    this.result = result;
    this.end = timeline.elapsed();
    this.total = result.total().orElse(end);
  }

  /** Returns the page, in UTF-8. */
  static String of(MigrationTimeline timeline, CommandInvocation command, MigrationResult result) {
    MigrationPage page = new MigrationPage(timeline, command, result);
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
    ReportTables tables = new ReportTables(html);
    tables.writeCards(result, end);
    if (!timeline.phases().isEmpty()) {
      writeTimeline();
    }
    Downtime.of(result).ifPresent(this::writeDowntime);
    tables.writeTables(result);
    tables.writeTimeline(timeline, end);
    tables.writeOptions(command);
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
      case MigrationResult.NotStarted failed -> Optional.of(failed.message());
      case MigrationResult.Migrated _, MigrationResult.Received _, MigrationResult.Saved _, MigrationResult.Restored _ ->
        Optional.empty();
    };
    Optional<String> unreleased = releaseFailure();
    Optional<String> paused = workloadFailure();
    html.raw("<header>\n").element("h1", "", title())
        .element("p",
            failure.or(() -> unreleased).or(() -> paused).isEmpty() ? "badge passed" : "badge failed",
            failure.isPresent() ? "Failed"
                : unreleased.isPresent() ? "Done, but the source was not released"
                    : paused.isPresent() ? "Done, but the workload remains paused" : "Done")
        .raw("<dl>\n")
        .fact("Command", command.name()).fact("Started", TIME.format(timeline.startTime()))
        .fact("Duration", time(total)).raw("</dl>\n");
    failure.or(() -> unreleased).or(() -> paused).ifPresent(message -> html.element("p", "failure", message));
    html.raw("</header>\n");
  }

  /** Returns why the source still has what it has handed over, if so. */
  private Optional<String> releaseFailure() {
    return result instanceof MigrationResult.Migrated migrated
        ? migrated.report().releaseFailure()
        : Optional.empty();
  }

  /** Returns why the workload did not resume after the migration, if it did not. */
  private Optional<String> workloadFailure() {
    return switch (result) {
      case MigrationResult.Migrated migrated -> migrated.report().workloadFailure();
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
      from = to.minus(downtime.get().duration());
    }
    html.section("Timeline")
        .scrollable(new TimelineChart(Duration.ZERO, end, lanes.build(), timeline.rounds().list())
            .text("Phases, states of the devices and rounds over time", from, to));
    writeLegend();
    html.endSection();
  }

  private void writeLegend() {
    html.raw("<p class=\"legend\">");
    timeline.stateChanges(end).stream()
        .flatMap(change -> change.reached().map(reached -> List.of(change.from(), reached))
            .orElseGet(() -> List.of(change.from())).stream())
        .distinct().sorted()
        .forEach(state -> html.raw("<span><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"bar "
            + LaneBuilder.style(state.name()) + "\" width=\"14\" height=\"14\" rx=\"3\"/></svg>"
            + Markup.escape(state.name()) + "</span> "));
    html.raw("<span><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"bar moving\" width=\"14\" "
        + "height=\"14\" rx=\"3\"/></svg>in transition</span>");
    if (Downtime.of(result).isPresent()) {
      html.raw(" <span><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><rect class=\"mark\" width=\"14\" "
          + "height=\"14\" rx=\"3\"/></svg>downtime</span>");
    }
    html.raw("</p>\n");
  }

  private void writeParts(Downtime downtime) {
    List<List<String>> rows = new ArrayList<>();
    downtime.parts().durations().forEach((part, duration) -> rows.add(List.of(part.title(), time(duration),
        downtime.predicted().map(parts -> predicted(parts, part)).orElse("-"))));
    rows.add(List.of("total", time(downtime.duration()),
        downtime.predicted().map(parts -> time(parts.total())).orElse("-")));
    html.table(List.of("part", "duration", "predicted"), rows);
  }

  private static String predicted(DowntimeParts parts, DowntimeParts.Part part) {
    Duration time = parts.durations().get(part);
    return time == null ? "-" : time(time);
  }

  private void writeDowntime(Downtime downtime) {
    LaneBuilder lanes = new LaneBuilder(timeline, end);
    Duration to = lanes.downtimeEnd();
    Duration from = to.minus(downtime.duration());
    Duration margin = downtime.duration().dividedBy(MARGIN);
    List<Lane> rows = new ArrayList<>(List.of(lanes.downtimeLane(downtime)));
    rows.addAll(lanes.build());
    html.section("Downtime in detail")
        .scrollable(new TimelineChart(from.minus(margin), to.plus(margin), rows,
            List.of()).text("Parts of the downtime", from, to));
    writeParts(downtime);
    downtime.memory()
        .ifPresent(memory -> html.element("p", "quiet", "The last dirty memory: %s, sent in %s."
            .formatted(bytes(memory.stopCopyBytes()), time(memory.stopCopyDuration()))));
    html.endSection();
  }
}
