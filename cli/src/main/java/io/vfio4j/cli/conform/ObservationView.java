// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.conform;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Quantities;
import io.vfio4j.conformance.observe.ObservationReport;
import java.util.ArrayList;
import java.util.List;

/** The report of an observation, as text and as JSON: that of the suite, and how long the VMM's messages waited. */
final class ObservationView {

  private ObservationView() {
  }

  static List<String> lines(ObservationReport report) {
    List<String> lines = new ArrayList<>(ConformanceText.lines(report.checks()));
    lines.add(lines.size() - 1, "%-20s %s".formatted("VMM",
        report.use().vmm().map(vmm -> "pid %d, since %s".formatted(vmm.pid(), vmm.connectedSince()))
            .orElse("none: it was not checked that a VMM is not disturbed")));
    lines.add(lines.size() - 1,
        "%-20s at most %s for a request; %s".formatted("Messages waited",
            Quantities.time(report.longestCall()),
            report.longestPause()
                .map(pause -> "at most " + Quantities.time(pause) + " while the device was stopped")
                .orElse("the device was not stopped")));
    return lines;
  }

  static JsonObject json(ObservationReport report) {
    JsonObject json = ConformanceJson.of(report.checks());
    json.add("observation",
        Json.object().with("vmm", report.use().vmm().isPresent())
            .with("longest_call_ms", report.longestCall())
            .with("longest_pause_ms",
                report.longestPause().<JsonElement>map(Json::millis).orElse(JsonNull.INSTANCE))
            .build());
    return json;
  }
}
