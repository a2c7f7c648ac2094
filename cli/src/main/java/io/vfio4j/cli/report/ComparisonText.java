// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.report;

import io.vfio4j.cli.base.TextTable;
import io.vfio4j.engine.Comparison;
import io.vfio4j.engine.Comparison.Pair;
import io.vfio4j.engine.Comparison.Property;
import io.vfio4j.engine.Comparison.Verdict;
import java.util.ArrayList;
import java.util.List;

/** A comparison as text: a table, the objections and the verdict. */
final class ComparisonText {

  private ComparisonText() {
  }

  static List<String> lines(Comparison comparison) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("", "source", "target", ""));
    comparison.sides().forEach(property -> rows.add(row("", property)));
    comparison.devices().forEach(pair -> add(rows, "device", pair));
    comparison.memory().forEach(pair -> add(rows, "region", pair));
    List<String> lines = new ArrayList<>(TextTable.lines(rows));
    lines.add("");
    comparison.objections().forEach(objection -> lines.add("refused: " + objection));
    lines.add(comparison.isAccepted()
        ? "A migration would be accepted, as far as can be checked in advance. " + Comparison.CAVEAT
        : "A migration would be refused. Nothing was touched.");
    return lines;
  }

  private static void add(List<List<String>> rows, String kind, Pair pair) {
    rows.add(List.of(kind, pair.source().orElse("none"), pair.target().orElse("none"), ""));
    pair.properties().forEach(property -> rows.add(row("  ", property)));
  }

  private static List<String> row(String indent, Property property) {
    return List.of(indent + property.name(), property.source(), property.target(),
        describe(property.verdict()));
  }

  private static String describe(Verdict verdict) {
    return switch (verdict) {
      case SAME -> "same";
      case FINE -> "fine";
      case REFUSED -> "REFUSED";
    };
  }
}
