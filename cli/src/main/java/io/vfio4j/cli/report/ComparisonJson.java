// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.Comparison.Pair;
import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Comparison.Verdict;
import java.util.Locale;

/** The event {@code comparison}. */
final class ComparisonJson {

  private ComparisonJson() {
  }

  static JsonObject of(Comparison comparison) {
    return Json.event("comparison").with("accepted", comparison.isAccepted())
        .with("refusals", comparison.objections())
        .with("sides", comparison.sides(), ComparisonJson::property)
        .with("devices", comparison.devices(), ComparisonJson::pair)
        .with("memory", comparison.memory(), ComparisonJson::pair)
        .with("caveat", Comparison.CAVEAT).build();
  }

  private static JsonObject pair(Pair pair) {
    return Json.object().with("source", pair.source().orElse(null)).with("target", pair.target().orElse(null))
        .with("properties", pair.properties(), ComparisonJson::property).build();
  }

  private static JsonObject property(Property property) {
    return Json.object().with("property", property.name()).with("source", property.source())
        .with("target", property.target())
        .with("verdict", property.verdict().name().toLowerCase(Locale.ROOT))
        .with("reason", property.verdict() == Verdict.REFUSED ? property.reason() : null).build();
  }
}
