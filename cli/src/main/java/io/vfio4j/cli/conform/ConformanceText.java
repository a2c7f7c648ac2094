// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.conformance.report.CheckResult;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Outcome;
import io.vfio4j.conformance.report.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The report of the suite as text: a line for each group, and details of failures, deviations and omissions. */
final class ConformanceText {

  private final List<String> lines = new ArrayList<>();

  private ConformanceText() {
  }

  static List<String> lines(ConformanceReport report) {
    ConformanceText text = new ConformanceText();
    text.lines.add("%s  %s, %s, %s".formatted(report.device().name(), report.device().ids(),
        report.device().driver(), report.features()));
    for (CheckGroup group : CheckGroup.values()) {
      List<CheckResult> results = report.resultsOf(group);
      if (!results.isEmpty()) {
        text.add(group, results);
      }
    }
    text.lines.add("%s: %s".formatted(report.outcome() == Outcome.NOT_CONFORMANT
        ? report.outcome().description().toUpperCase(Locale.ROOT)
        : report.outcome().description(), report.summary()));
    return text.lines;
  }

  private void add(CheckGroup group, List<CheckResult> results) {
    Map<String, Long> counts = new LinkedHashMap<>();
    for (String label : List.of("passed", "failed", "deviates", "not applicable")) {
      counts.put(label, results.stream().filter(result -> result.verdict().label().equals(label)).count());
    }
    lines.add("%-20s %s".formatted(group.title(),
        counts.entrySet().stream().filter(count -> count.getValue() > 0)
            .map(count -> count.getValue() + " " + count.getKey()).collect(Collectors.joining(", "))));
    Map<String, Integer> notApplicable = new LinkedHashMap<>();
    for (CheckResult result : results) {
      switch (result.verdict()) {
        case Verdict.Pass _ -> {
          // Counted above.
        }
        case Verdict.Failure(String expected, String observed) -> addFailure(result, expected, observed);
        case Verdict.Deviation(String what) ->
          lines.add("  deviates: %s: %s".formatted(result.check().name(), what));
        case Verdict.NotApplicable(String why) -> notApplicable.merge(why, 1, Integer::sum);
      }
    }
    notApplicable.forEach((why, count) -> lines.add("  not applicable (%d): %s".formatted(count, why)));
  }

  private void addFailure(CheckResult result, String expected, String observed) {
    lines.add("  FAILED: %s: %s".formatted(result.check().name(), result.check().requirement()));
    lines.add("    expected  " + expected);
    lines.add("    observed  " + observed);
    lines.add("    source    " + result.check().reference());
  }
}
