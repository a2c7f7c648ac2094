// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.WhenNotConvergingConverter;
import io.vfio4j.engine.simulation.SimulatedMigration;
import io.vfio4j.engine.simulation.SimulatedRound;
import java.util.Locale;

/** The result of a scenario as JSON. */
final class ScenarioResultJson {

  private ScenarioResultJson() {
  }

  static JsonObject of(ScenarioResult one) {
    Scenario scenario = one.scenario();
    SimulatedMigration result = one.result();
    JsonElement bandwidth = scenario.bandwidth().isPresent()
        ? new JsonPrimitive(scenario.bandwidth().getAsLong())
        : JsonNull.INSTANCE;
    Json json = Json.event("simulation").with("key", Character.toString(scenario.key()))
        .with("when_not_converging",
            scenario.policies().stream().map(WhenNotConvergingConverter::format).toList())
        .with("deadline_ms", scenario.deadline()).with("max_downtime_ms", scenario.maxDowntime())
        .with("bandwidth", bandwidth)
        .with("verdict", result.verdict().name().toLowerCase(Locale.ROOT)).with("total_ms", result.total())
        .with("bytes", result.bytes()).with("left_bytes", result.remaining())
        .with("predicted_downtime_ms", result.predictedDowntime());
    result.downtime().ifPresentOrElse(time -> json.with("downtime_ms", time),
        () -> json.with("downtime_ms", JsonNull.INSTANCE));
    return json.with("reason", result.reason()).with("rounds", result.rounds(), ScenarioResultJson::round)
        .build();
  }

  private static JsonObject round(SimulatedRound round) {
    return Json.object().with("round", round.number()).with("began_ms", round.began())
        .with("took_ms", round.took()).with("device_bytes", round.deviceBytes())
        .with("memory_bytes", round.memoryBytes()).with("device_left", round.deviceLeft())
        .with("memory_left", round.memoryLeft()).with("predicted_downtime_ms", round.predictedDowntime())
        .build();
  }
}
