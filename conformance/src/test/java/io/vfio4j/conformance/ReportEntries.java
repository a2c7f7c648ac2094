// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.conformance.report.CheckResult;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The contents of a report, as compared by tests. */
final class ReportEntries {

  private ReportEntries() {
  }

  /** Returns the details of all results with a kind of verdict, by check id. */
  static Map<String, String> of(ConformanceReport report, Class<? extends Verdict> kind) {
    Map<String, String> found = new TreeMap<>();
    for (CheckResult result : report.results()) {
      if (kind.isInstance(result.verdict())) {
        found.put(result.check().id(), result.verdict().details());
      }
    }
    return found;
  }

  /** Returns the details of all failures and deviations, by check id. */
  static Map<String, String> failuresAndDeviations(ConformanceReport report) {
    Map<String, String> found = of(report, Verdict.Failure.class);
    found.putAll(of(report, Verdict.Deviation.class));
    return found;
  }

  static List<String> ids(ConformanceReport report, Class<? extends Verdict> kind) {
    return List.copyOf(of(report, kind).keySet());
  }
}
