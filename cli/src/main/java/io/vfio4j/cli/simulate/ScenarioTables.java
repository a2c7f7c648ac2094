// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.Quantities;
import io.vfio4j.engine.simulation.SimulatedMigration;
import io.vfio4j.engine.simulation.SimulatedRound;
import java.util.ArrayList;
import java.util.List;

/** What came of the scenarios, as tables for people. */
record ScenarioTables(List<ScenarioResult> results) {

  /** A line for each scenario, and what was said of those that did not move. */
  List<String> summary() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("", "at the deadline", "limit", "bandwidth", "rounds", "sent", "in all", "predicted",
        "downtime",
        "and so it"));
    results.forEach(one -> rows.add(row(one)));
    List<String> lines = new ArrayList<>(columns(rows));
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
      case MOVED -> "moves";
      case ROLLED_BACK -> "is rolled back";
      case ABORTED -> "aborts";
      case STILL_WAITING -> "still waits";
    };
  }

  /** The rounds of each scenario. */
  List<String> rounds() {
    List<String> lines = new ArrayList<>();
    for (ScenarioResult one : results) {
      lines.add("");
      lines.add("Rounds of %s:".formatted(one.scenario().key()));
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("round", "began", "took", "devices", "memory", "left", "downtime would be"));
      one.result().rounds().forEach(round -> rows.add(row(round)));
      lines.addAll(columns(rows));
    }
    return lines;
  }

  private static List<String> row(SimulatedRound round) {
    return List.of(Integer.toString(round.number()), Quantities.time(round.began()),
        Quantities.time(round.took()), Quantities.bytes(round.deviceBytes()),
        Quantities.bytes(round.memoryBytes()), Quantities.bytes(round.left()),
        Quantities.time(round.predictedDowntime()));
  }

  private static List<String> columns(List<List<String>> rows) {
    int[] widths = new int[rows.getFirst().size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        line.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + 2);
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
