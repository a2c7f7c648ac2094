// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.FeatureNames;
import io.vfio4j.cli.base.Json;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import java.util.Locale;

/** The contents of a file with a saved state as JSON. */
public final class SavedStateJson {

  private SavedStateJson() {
  }

  /** Adds the contents to an object. */
  public static Json addTo(Json json, SavedState state) {
    return json.with("stream_version", state.version().toString())
        .with("compression", state.compression().map(CompressionAlgorithm::displayName).orElse(null))
        .with("file_bytes", state.fileBytes())
        .with("frames", state.frames()).with("rounds", state.rounds())
        .with("state_of", state.stoppedAt().toString()).with("source", source(state.source()))
        .with("downtime_ms", state.downtime()).with("devices", state.devices(), SavedStateJson::json)
        .with("memory", state.memory(), SavedStateJson::json);
  }

  /** Returns the state of a source after saving, as in {@code stopped}. */
  public static String source(SavedState.Source source) {
    return source.name().toLowerCase(Locale.ROOT);
  }

  private static JsonObject json(SavedState.SavedDevice device) {
    Json json = Json.object().with("device", device.identity().name()).with("ids", device.identity().ids())
        .with("driver", device.identity().driver()).with("features", FeatureNames.of(device.features()))
        .with("migration_version", device.segmentation().isPresent() ? 1 : 2).with("bytes", device.bytes());
    device.stopCopyLength().ifPresent(length -> json.with("stop_copy_bytes", length));
    return json.build();
  }

  private static JsonObject json(SavedState.SavedMemory region) {
    return Json.object().with("name", region.name()).with("iova", "0x%x".formatted(region.iova()))
        .with("size", region.size()).with("pages", region.pages()).build();
  }
}
