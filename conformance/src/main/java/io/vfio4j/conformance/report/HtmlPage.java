// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

import static io.vfio4j.conformance.report.Markup.escape;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** A report as one self-contained page: no script, and no font or image from elsewhere. */
public final class HtmlPage {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final ConformanceReport report;
  private final StringBuilder out = new StringBuilder();

  private HtmlPage(ConformanceReport report) {
    this.report = report;
  }

  /** Returns the page, to be written as UTF-8. */
  public static String of(ConformanceReport report) {
    HtmlPage page = new HtmlPage(report);
    page.write();
    return page.out.toString();
  }

  private void write() {
    String title = "Conformance of " + report.device().name();
    out.append("""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        """);
    out.append("<title>").append(escape(title)).append("</title>\n<style>\n").append(style())
        .append("</style>\n</head>\n<body>\n<main>\n");
    writeHead(title);
    writeCounts();
    for (CheckGroup group : CheckGroup.values()) {
      List<CheckResult> results = report.resultsOf(group);
      if (!results.isEmpty()) {
        write(group, results);
      }
    }
    out.append("</main>\n</body>\n</html>\n");
  }

  /** Returns the page's style sheet, for other pages of the same appearance: CSS. */
  public static String style() {
    try (InputStream css = HtmlPage.class.getResourceAsStream("report.css")) {
      if (css == null) {
        throw new IllegalStateException("report.css is not in the module");
      }
      return new String(css.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void writeHead(String title) {
    String description = report.outcome().description();
    String verdict = Character.toUpperCase(description.charAt(0)) + description.substring(1);
    out.append("<header>\n<h1>").append(escape(title)).append("</h1>\n<p class=\"badge %s\">%s</p>\n"
        .formatted(report.isConformant() ? "passed" : "failed", verdict));
    out.append("<dl>\n");
    fact("Device", report.device().ids());
    fact("Driver", report.device().driver());
    fact("Features", report.features().toString());
    fact("Checked", TIME.format(report.startTime()));
    fact("Duration", String.format(Locale.ROOT, "%.1f s", report.duration().toNanos() / 1e9));
    out.append("</dl>\n</header>\n");
  }

  private void fact(String name, String value) {
    out.append("<div><dt>").append(name).append("</dt><dd>").append(escape(value)).append("</dd></div>\n");
  }

  private void writeCounts() {
    out.append("<ul class=\"counts\">\n");
    count("passed", "passed", Verdict.Pass.class);
    count("failed", "failed", Verdict.Failure.class);
    count("deviates", "deviate", Verdict.Deviation.class);
    count("skipped", "not applicable", Verdict.NotApplicable.class);
    out.append("</ul>\n");
  }

  private void count(String style, String word, Class<? extends Verdict> kind) {
    out.append("<li class=\"%s\"><b>%d</b> %s</li>\n".formatted(style, report.count(kind), word));
  }

  private void write(CheckGroup group, List<CheckResult> results) {
    boolean remarkable = results.stream().anyMatch(result -> result.verdict() instanceof Verdict.Failure
        || result.verdict() instanceof Verdict.Deviation);
    out.append("<details%s>\n<summary><h2>%s</h2><span class=\"strip\" aria-hidden=\"true\">"
        .formatted(remarkable ? " open" : "", escape(group.title())));
    results.forEach(result -> out.append("<i class=\"%s\"></i>".formatted(style(result.verdict()))));
    out.append("</span><span class=\"sum\">%d</span></summary>\n<table>\n".formatted(results.size()));
    results.forEach(this::write);
    out.append("</table>\n</details>\n");
  }

  private void write(CheckResult result) {
    Check check = result.check();
    out.append("<tr class=\"%s\"><td class=\"verdict\">%s</td><td><strong>%s</strong> <span>%s</span>"
        .formatted(style(result.verdict()), result.verdict().label(), escape(check.name()),
            escape(check.requirement())));
    switch (result.verdict()) {
      case Verdict.Pass _ -> {
        // The requirement is enough.
      }
      case Verdict.Failure(String expected, String observed) -> out.append(
          "<dl class=\"found\"><div><dt>expected</dt><dd>%s</dd></div><div><dt>observed</dt><dd>%s</dd></div></dl>"
              .formatted(escape(expected), escape(observed)));
      case Verdict.NotApplicable(String reason) -> out.append("<p>").append(escape(reason)).append("</p>");
      case Verdict.Deviation(String observed) -> out.append("<p>").append(escape(observed)).append("</p>");
    }
    out.append("<small>").append(escape(check.reference())).append("</small></td></tr>\n");
  }

  private static String style(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Pass _ -> "passed";
      case Verdict.Failure _ -> "failed";
      case Verdict.NotApplicable _ -> "skipped";
      case Verdict.Deviation _ -> "deviates";
    };
  }
}
