// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What a report says, as tests compare it. */
final class Findings {

  private Findings() {
  }

  /** Returns what there is to say of the checks with one of some verdicts, by the ids of the checks. */
  @SafeVarargs
  static Map<String, String> of(ConformanceReport report, Class<? extends Verdict>... kinds) {
    Map<String, String> found = new TreeMap<>();
    for (CheckResult result : report.results()) {
      if (Stream.of(kinds).anyMatch(kind -> kind.isInstance(result.verdict()))) {
        found.put(result.check().id(), result.verdict().details());
      }
    }
    return found;
  }

  static List<String> ids(ConformanceReport report, Class<? extends Verdict> kind) {
    return List.copyOf(of(report, kind).keySet());
  }
}
