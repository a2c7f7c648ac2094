// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.MigrationReport;
import io.vfio4j.engine.TargetReport;
import io.vfio4j.model.DeviceIdentity;
import java.util.Locale;
import java.util.Optional;

/** The event {@code report} of either side. */
public final class ReportJson {

  private ReportJson() {
  }

  /** Returns the report of a source. */
  public static JsonObject of(MigrationReport report) {
    return Json.event("report").with("side", "source").with("devices", report.devices(), ReportJson::json)
        .with("memory", report.memory().<JsonElement>map(ReportJson::json).orElse(JsonNull.INSTANCE))
        .with("total_ms", report.total()).with("downtime_ms", report.downtime())
        .with("downtime_parts", json(report.downtimeParts()))
        .with("predicted_downtime_ms", JsonMigrationView.millis(report.predictedDowntime()))
        .with("predicted_parts", json(report.predictedParts()))
        .with("bytes", report.bytes()).with("stop_copy_bytes", report.stopCopyBytes())
        .with("compression", compression(report.compression()))
        .with("phases", report.phases(), ReportJson::json).with("rounds", report.rounds(), ReportJson::json)
        .with("at_target", json(report.target())).with("not_migrated", report.notCarried())
        .with("notes", report.notes())
        .with("workload_failure", report.workloadFailure().orElse(null))
        .with("release_failure", report.releaseFailure().orElse(null)).build();
  }

  /** Returns the report of a target. */
  public static JsonObject of(TargetReport report) {
    return Json.event("report").with("side", "target").with("devices", report.devices(), ReportJson::json)
        .with("sources", report.sources(), ReportJson::json).with("total_ms", report.total())
        .with("bytes", report.summary().bytes()).with("phases", report.phases(), ReportJson::json)
        .with("at_target", json(report.summary())).with("recording_ms", report.journalTime())
        .with("source_notified", report.confirmationSent())
        .with("not_migrated", report.notCarried()).with("notes", report.notes()).build();
  }

  static JsonObject json(DeviceIdentity identity) {
    return Json.object().with("device", identity.name()).with("ids", identity.ids())
        .with("driver", identity.driver()).build();
  }

  static JsonObject json(MigrationReport.DeviceReport device) {
    return Json.object().with("source", json(device.source())).with("target", json(device.target()))
        .with("bytes", device.bytes()).with("stop_ms", device.switchover().stopping())
        .with("stop_copy_ms", device.switchover().sending())
        .with("stop_copy_bytes", device.switchover().bytes()).build();
  }

  static JsonObject json(MigrationReport.MemoryReport memory) {
    return Json.object().with("size", memory.size()).with("bytes", memory.bytes())
        .with("pages", memory.pages()).with("zero_pages", memory.zeroPages())
        .with("last_bytes", memory.stopCopyBytes()).with("last_ms", memory.stopCopyDuration()).build();
  }

  static JsonElement compression(Optional<MigrationReport.CompressionReport> compression) {
    return compression
        .<JsonElement>map(report -> Json.object().with("algorithm", report.algorithm().displayName())
            .with("level", report.level()).with("bytes_on_wire", report.bytesOnWire()).build())
        .orElse(JsonNull.INSTANCE);
  }

  static JsonElement json(Optional<DowntimeParts> parts) {
    return parts.<JsonElement>map(ReportJson::json).orElse(JsonNull.INSTANCE);
  }

  static JsonObject json(DowntimeParts parts) {
    Json json = Json.object();
    parts.durations().forEach((part, took) -> json.with(part.name().toLowerCase(Locale.ROOT) + "_ms", took));
    return json.build();
  }

  static JsonObject json(MigrationReport.PhaseTime phase) {
    return Json.object().with("phase", phase.title()).with("began_ms", phase.start())
        .with("took_ms", phase.duration())
        .build();
  }

  static JsonObject json(MigrationReport.Round round) {
    return Json.object().with("round", round.number()).with("bytes", round.bytes())
        .with("device_bytes", round.deviceBytes()).with("memory_bytes", round.memoryBytes())
        .with("device_left", round.deviceBytesLeft()).with("memory_left", round.memoryBytesLeft())
        .with("bytes_per_second", Math.round(round.bytesPerSecond())).with("took_ms", round.duration())
        .build();
  }

  static JsonObject json(MigrationReport.TargetSummary summary) {
    return Json.object().with("bytes", summary.bytes()).with("validating_ms", summary.validating())
        .with("starting_ms", summary.starting()).build();
  }
}
