// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.FeatureNames;
import io.vfio4j.cli.base.Json;
import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckResult;
import io.vfio4j.conformance.report.ConformanceReport;
import io.vfio4j.conformance.report.Verdict;
import java.util.Locale;

/** The report of the suite as JSON. */
final class ConformanceJson {

  private ConformanceJson() {
  }

  /** Returns the event of a finished check. */
  static JsonObject of(CheckResult result) {
    return fill(Json.event("check"), result);
  }

  /** Returns the result of the command. */
  static JsonObject of(ConformanceReport report) {
    return Json.event("conformance").with("device", report.device().name()).with("ids", report.device().ids())
        .with("driver", report.device().driver()).with("features", FeatureNames.of(report.features()))
        .with("began", report.startTime().toString()).with("took_ms", report.duration())
        .with("conformant", report.isConformant())
        .with("outcome", report.outcome().name().toLowerCase(Locale.ROOT))
        .with("passed", report.count(Verdict.Pass.class))
        .with("failed", report.count(Verdict.Failure.class))
        .with("deviates", report.count(Verdict.Deviation.class))
        .with("not_applicable", report.count(Verdict.NotApplicable.class))
        .with("checks", report.results(), result -> fill(Json.object(), result)).build();
  }

  private static JsonObject fill(Json json, CheckResult result) {
    Check check = result.check();
    json.with("group", check.group().id()).with("name", check.name()).with("sentence", check.requirement())
        .with("source", check.reference()).with("dangerous", check.isDangerous())
        .with("verdict", result.verdict().label().replace(' ', '_').toLowerCase(Locale.ROOT))
        .with("took_ms", result.duration());
    switch (result.verdict()) {
      case Verdict.Pass _ -> {
        // No details.
      }
      case Verdict.Failure(String expected, String observed) ->
        json.with("expected", expected).with("observed", observed);
      case Verdict.NotApplicable(String why) -> json.with("why", why);
      case Verdict.Deviation(String what) -> json.with("what", what);
    }
    return json.build();
  }
}
