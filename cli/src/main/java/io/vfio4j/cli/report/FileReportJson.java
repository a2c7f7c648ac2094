// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.engine.DowntimeParts;
import io.vfio4j.engine.SavedState;
import io.vfio4j.engine.file.RestoreReport;
import io.vfio4j.engine.file.SaveReport;
import java.nio.file.Path;

/** The events {@code saved} and {@code restored}. */
public final class FileReportJson {

  private FileReportJson() {
  }

  /** Returns the event {@code saved}. */
  public static JsonObject of(SaveReport report, Path file) {
    return Json.event("saved").with("file", file.toString()).with("file_bytes", report.fileBytes())
        .with("devices", report.devices(), FileReportJson::json)
        .with("memory", report.memory().<JsonElement>map(ReportJson::json).orElse(JsonNull.INSTANCE))
        .with("source",
            SavedStateJson.source(report.stopped() ? SavedState.Source.STOPPED : SavedState.Source.RUNNING))
        .with("total_ms", report.total()).with("downtime_ms", report.downtime())
        .with("downtime_parts", ReportJson.json(report.downtimeParts()))
        .with("predicted_downtime_ms",
            JsonMigrationView.millis(report.predictedParts().map(DowntimeParts::total)))
        .with("predicted_parts", ReportJson.json(report.predictedParts()))
        .with("bytes", report.bytes())
        .with("stop_copy_bytes", report.stopCopyBytes())
        .with("compression", ReportJson.compression(report.compression()))
        .with("phases", report.phases(), ReportJson::json).with("rounds", report.rounds(), ReportJson::json)
        .with("notes", report.notes())
        .with("workload_failure", report.workloadFailure().orElse(null)).build();
  }

  private static JsonObject json(SaveReport.DeviceReport device) {
    return Json.object().with("device", device.device().name()).with("ids", device.device().ids())
        .with("bytes", device.bytes()).with("stop_ms", device.switchover().stopping())
        .with("stop_copy_ms", device.switchover().sending())
        .with("stop_copy_bytes", device.switchover().bytes()).build();
  }

  /** Returns the event {@code restored}. */
  public static JsonObject of(RestoreReport report, Path file) {
    return Json.event("restored").with("file", file.toString())
        .with("devices", report.devices(), ReportJson::json)
        .with("state", SavedStateJson.addTo(Json.object(), report.state()).build())
        .with("total_ms", report.total()).with("bytes", report.summary().bytes())
        .with("phases", report.phases(), ReportJson::json)
        .with("validating_ms", report.summary().validating())
        .with("starting_ms", report.summary().starting()).with("notes", report.notes()).build();
  }
}
