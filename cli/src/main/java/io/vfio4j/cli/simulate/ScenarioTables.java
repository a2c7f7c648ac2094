// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.cli.base.TextTable;
import io.vfio4j.engine.simulation.SimulatedMigration;
import io.vfio4j.engine.simulation.SimulatedRound;
import java.util.ArrayList;
import java.util.List;

/** The results of the scenarios as tables. */
record ScenarioTables(List<ScenarioResult> results) {

  /** Returns a line for each scenario, and the reasons of those that did not migrate. */
  List<String> summary() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("", "at the deadline", "limit", "bandwidth", "rounds", "sent", "total", "predicted",
        "downtime", "result"));
    results.forEach(one -> rows.add(row(one)));
    List<String> lines = new ArrayList<>(TextTable.lines(rows));
    for (ScenarioResult one : results) {
      if (one.result().verdict() != SimulatedMigration.Verdict.MOVED) {
        lines.add("%s: %s".formatted(one.scenario().key(), one.result().reason()));
      }
    }
    return lines;
  }

  private static List<String> row(ScenarioResult one) {
    Scenario scenario = one.scenario();
    SimulatedMigration result = one.result();
    return List.of(Character.toString(scenario.key()), scenario.describePolicies(),
        Quantities.time(scenario.maxDowntime()),
        scenario.bandwidth().isPresent() ? Quantities.rate((double) scenario.bandwidth().getAsLong())
            : "as recorded",
        Integer.toString(result.rounds().size()), Quantities.bytes(result.bytes()),
        Quantities.time(result.total()), Quantities.time(result.predictedDowntime()),
        result.downtime().map(Quantities::time).orElse("none"), describe(result.verdict()));
  }

  static String describe(SimulatedMigration.Verdict verdict) {
    return switch (verdict) {
      case MOVED -> "moved";
      case ROLLED_BACK -> "rolled back";
      case ABORTED -> "aborted";
      case STILL_WAITING -> "still waiting";
    };
  }

  /** Returns a table of the rounds of each scenario. */
  List<String> rounds() {
    List<String> lines = new ArrayList<>();
    for (ScenarioResult one : results) {
      lines.add("");
      lines.add("Rounds of %s:".formatted(one.scenario().key()));
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("round", "start", "duration", "devices", "memory", "remaining", "predicted downtime"));
      one.result().rounds().forEach(round -> rows.add(row(round)));
      lines.addAll(TextTable.lines(rows));
    }
    return lines;
  }

  private static List<String> row(SimulatedRound round) {
    return List.of(Integer.toString(round.number()), Quantities.time(round.began()),
        Quantities.time(round.took()), Quantities.bytes(round.deviceBytes()),
        Quantities.bytes(round.memoryBytes()), Quantities.bytes(round.left()),
        Quantities.time(round.predictedDowntime()));
  }
}
