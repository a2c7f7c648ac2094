// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.conformance.CheckResult;
import io.vfio4j.conformance.ConformanceReport;
import io.vfio4j.conformance.Group;
import io.vfio4j.conformance.Outcome;
import io.vfio4j.conformance.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** A report of the suite for people: a line for each group, and more for what is not as it should be. */
final class ConformanceText {

  private final List<String> lines = new ArrayList<>();

  private ConformanceText() {
  }

  static List<String> lines(ConformanceReport report) {
    ConformanceText text = new ConformanceText();
    text.lines.add("%s  %s, %s, %s".formatted(report.device().name(), report.device().ids(),
        report.device().driver(), report.features()));
    for (Group group : Group.values()) {
      List<CheckResult> results = report.of(group);
      if (!results.isEmpty()) {
        text.add(group, results);
      }
    }
    text.lines.add("%s: %s".formatted(report.outcome() == Outcome.NOT_CONFORMANT
        ? report.outcome().words().toUpperCase(Locale.ROOT)
        : report.outcome().words(), report.summary()));
    return text.lines;
  }

  private void add(Group group, List<CheckResult> results) {
    Map<String, Long> counts = new LinkedHashMap<>();
    for (String word : List.of("passed", "failed", "deviates", "not applicable")) {
      counts.put(word, results.stream().filter(result -> result.verdict().word().equals(word)).count());
    }
    lines.add("%-20s %s".formatted(group.title(),
        counts.entrySet().stream().filter(count -> count.getValue() > 0)
            .map(count -> count.getValue() + " " + count.getKey()).collect(Collectors.joining(", "))));
    Map<String, Integer> excuses = new LinkedHashMap<>();
    for (CheckResult result : results) {
      switch (result.verdict()) {
        case Verdict.Passed _ -> {
          // Counted above.
        }
        case Verdict.Failed(String expected, String observed) -> addFailure(result, expected, observed);
        case Verdict.Deviates(String what) ->
          lines.add("  deviates: %s: %s".formatted(result.check().name(), what));
        case Verdict.NotApplicable(String why) -> excuses.merge(why, 1, Integer::sum);
      }
    }
    excuses.forEach((why, count) -> lines.add("  not applicable (%d): %s".formatted(count, why)));
  }

  private void addFailure(CheckResult result, String expected, String observed) {
    lines.add("  FAILED: %s: %s".formatted(result.check().name(), result.check().sentence()));
    lines.add("    expected  " + expected);
    lines.add("    observed  " + observed);
    lines.add("    source    " + result.check().source());
  }
}
