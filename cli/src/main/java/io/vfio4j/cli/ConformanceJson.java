// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
import io.vfio4j.conformance.Check;
import io.vfio4j.conformance.CheckResult;
import io.vfio4j.conformance.ConformanceReport;
import io.vfio4j.conformance.Verdict;
import java.util.Locale;

/** A report of the suite as JSON. */
final class ConformanceJson {

  private ConformanceJson() {
  }

  /** Returns the event of a check that has ended. */
  static JsonObject of(CheckResult result) {
    return fill(Json.event("check"), result);
  }

  /** Returns the result of the command. */
  static JsonObject of(ConformanceReport report) {
    return Json.event("conformance").with("device", report.device().name()).with("ids", report.device().ids())
        .with("driver", report.device().driver()).with("features", FeatureNames.of(report.features()))
        .with("began", report.begun().toString()).with("took_ms", report.took())
        .with("conformant", report.isConformant())
        .with("outcome", report.outcome().name().toLowerCase(Locale.ROOT))
        .with("passed", report.count(Verdict.Passed.class))
        .with("failed", report.count(Verdict.Failed.class))
        .with("deviates", report.count(Verdict.Deviates.class))
        .with("not_applicable", report.count(Verdict.NotApplicable.class))
        .with("checks", report.results(), result -> fill(Json.object(), result)).build();
  }

  private static JsonObject fill(Json json, CheckResult result) {
    Check check = result.check();
    json.with("group", check.group().id()).with("name", check.name()).with("sentence", check.sentence())
        .with("source", check.source()).with("dangerous", check.dangerous())
        .with("verdict", result.verdict().word().replace(' ', '_').toLowerCase(Locale.ROOT))
        .with("took_ms", result.took());
    switch (result.verdict()) {
      case Verdict.Passed _ -> {
        // The verdict says it all.
      }
      case Verdict.Failed(String expected, String observed) ->
        json.with("expected", expected).with("observed", observed);
      case Verdict.NotApplicable(String why) -> json.with("why", why);
      case Verdict.Deviates(String what) -> json.with("what", what);
    }
    return json.build();
  }
}
