// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.engine.MigrationEvent;
import io.vfio4j.engine.Phase;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** Prints every event of a migration as JSON. */
public final class JsonMigrationView implements MigrationView {

  private final Output output;

  JsonMigrationView(Output output) {
    this.output = output;
  }

  @Override
  public void on(MigrationEvent event) {
    output.event(json(event));
  }

  /** Returns an event as a JSON object. */
  public static JsonObject json(MigrationEvent event) {
    return switch (event) {
      case MigrationEvent.PhaseStart e -> phase(e);
      case MigrationEvent.TransitionStart e ->
        begin("moving", e).with("device", e.device()).with("from", e.from().name())
            .with("to", e.to().name()).with("reason", e.reason()).build();
      case MigrationEvent.TransitionEnd e ->
        begin("moved", e).with("device", e.device()).with("from", e.from().name())
            .with("to", e.to().name()).with("reason", e.reason()).build();
      case MigrationEvent.Progress e -> begin("progress", e).with("round", e.round()).with("bytes", e.bytes())
          .with("bytes_per_second", Math.round(e.bytesPerSecond()))
          .with("remaining_bytes", number(e.remaining()))
          .with("predicted_downtime_ms", millis(e.predictedDowntime())).with("elapsed_ms", e.elapsed())
          .build();
      case MigrationEvent.RoundEnd e -> begin("round", e).with("round", e.round().number())
          .with("bytes", e.round().bytes()).with("device_bytes", e.round().deviceBytes())
          .with("memory_bytes", e.round().memoryBytes())
          .with("device_left", e.round().deviceBytesLeft()).with("memory_left", e.round().memoryBytesLeft())
          .with("bytes_per_second", Math.round(e.round().bytesPerSecond()))
          .with("took_ms", e.round().duration())
          .with("remaining_bytes", number(e.remaining()))
          .with("predicted_downtime_ms", millis(e.predictedDowntime())).build();
      case MigrationEvent.JournalWrite e -> begin("recorded", e).with("migration", e.migration().toString())
          .with("step", e.step().toString()).with("took_ms", e.duration()).build();
      case MigrationEvent.Note e -> begin("note", e).with("text", e.text()).build();
    };
  }

  private static Json begin(String name, MigrationEvent event) {
    return Json.event(name).with("at_ms", event.at()).with("side", event.side().toString());
  }

  private static JsonObject phase(MigrationEvent.PhaseStart event) {
    Json json = begin("phase", event).with("phase", event.phase().title());
    if (event.phase() instanceof Phase.PreCopy(int round)) {
      json.with("round", round);
    }
    return json.with("reason", event.reason()).build();
  }

  private static JsonElement number(OptionalLong value) {
    return value.isPresent() ? new JsonPrimitive(value.getAsLong()) : JsonNull.INSTANCE;
  }

  static JsonElement millis(Optional<Duration> value) {
    return value.<JsonElement>map(Json::millis).orElse(JsonNull.INSTANCE);
  }

  @Override
  public void close() {
    // Every line has been written.
  }
}
