// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Quantities;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Reports the demonstration of swaps, as text or as JSON. */
final class SwapReport {

  private static final int NAME_WIDTH = 11;

  private final DemoSettings settings;
  private final SwapResult result;

  SwapReport(DemoSettings settings, SwapResult result) {
    this.settings = settings;
    this.result = result;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        "Replaced the server of a device %d times while a client used it; the client kept its connection."
            .formatted(result.swaps().size()));
    lines.add("");
    result.swaps().forEach(swap -> lines.add(line(swap)));
    lines.add("");
    result.checks().forEach(check -> lines.add(MigrationSummary.checkLine(check, NAME_WIDTH)));
    lines.add("");
    lines.add(MigrationSummary.verdictLine(result.passed()));
    return lines;
  }

  private static String line(SwapResult.Swap swap) {
    return String.format(Locale.ROOT,
        "  process %d to %d: the client waited for at most %s; %d was then stopped",
        swap.fromPid(), swap.toPid(), Quantities.time(swap.pause()), swap.fromPid());
  }

  JsonObject json() {
    return Json.event("demo").with("passed", result.passed()).with("checks", result.checks(), DemoCheck::json)
        .with("swaps", result.swaps(), SwapReport::json).with("traffic_writes", result.writes())
        .with("memory_bytes", settings.memory()).with("loaded_bytes", settings.loadedBytes()).build();
  }

  private static JsonObject json(SwapResult.Swap swap) {
    return Json.object().with("source_pid", swap.fromPid()).with("target_pid", swap.toPid())
        .with("pause_ms", swap.pause()).with("migration", swap.report()).build();
  }
}
