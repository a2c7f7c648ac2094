// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What came of each fault at each step, as a table in Markdown. */
final class FailureTable {

  private final String corner;
  private final Map<String, Map<String, String>> rows = new LinkedHashMap<>();
  private final Set<String> columns = new LinkedHashSet<>();

  FailureTable(String corner) {
    this.corner = corner;
  }

  synchronized void put(String row, String column, String outcome) {
    columns.add(column);
    rows.computeIfAbsent(row, _ -> new LinkedHashMap<>()).put(column, outcome);
  }

  int cells() {
    return rows.values().stream().mapToInt(Map::size).sum();
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("| ").append(corner).append(" | ").append(String.join(" | ", columns)).append(" |\n");
    text.append("|---".repeat(columns.size() + 1)).append("|\n");
    rows.forEach((row, cells) -> text.append("| ").append(row).append(" | ")
        .append(columns.stream().map(column -> cells.getOrDefault(column, ""))
            .collect(Collectors.joining(" | ")))
        .append(" |\n"));
    return text.toString();
  }
}
