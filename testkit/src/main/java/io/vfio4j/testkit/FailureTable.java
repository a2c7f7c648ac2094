// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The outcome of each fault at each step, as a Markdown table. Safe for use by several threads; the table's monitor
 * guards its cells.
 */
public final class FailureTable {

  private static final String SEPARATOR = " | ";

  private final String corner;
  private final Map<String, Map<String, String>> rows = new LinkedHashMap<>();
  private final Set<String> columns = new LinkedHashSet<>();

  /**
   * Creates an empty table.
   *
   * @param corner the heading of the first column
   */
  public FailureTable(String corner) {
    this.corner = corner;
  }

  /**
   * Parses the table that follows a title line.
   *
   * @param text a Markdown document
   * @param title the line before the table
   */
  public static FailureTable in(String text, String title) {
    List<String> lines = text.lines().dropWhile(line -> !line.equals(title))
        .dropWhile(line -> !line.startsWith("|")).takeWhile(line -> line.startsWith("|")).toList();
    if (lines.isEmpty()) {
      throw new AssertionError("no table after '%s'".formatted(title));
    }
    List<String> head = cellCount(lines.getFirst());
    FailureTable table = new FailureTable(head.getFirst());
    for (String line : lines.subList(2, lines.size())) {
      List<String> row = cellCount(line);
      for (int i = 1; i < row.size(); i++) {
        table.put(row.getFirst(), head.get(i), row.get(i));
      }
    }
    return table;
  }

  private static List<String> cellCount(String line) {
    return new ArrayList<>(Arrays.asList(line.substring(2, line.length() - 2).split(" \\| ", -1)));
  }

  /** Sets a cell; rows and columns keep the order in which they were first set. */
  public synchronized void put(String row, String column, String outcome) {
    columns.add(column);
    rows.computeIfAbsent(row, _ -> new LinkedHashMap<>()).put(column, outcome);
  }

  /** Returns the headings of the rows, in order. */
  public synchronized List<String> rows() {
    return List.copyOf(rows.keySet());
  }

  /** Returns the outcome in a cell, if it is set. */
  public synchronized Optional<String> get(String row, String column) {
    return Optional.ofNullable(rows.getOrDefault(row, Map.of()).get(column));
  }

  /** Returns the number of cells that are set. */
  public synchronized int cellCount() {
    return rows.values().stream().mapToInt(Map::size).sum();
  }

  /**
   * Checks that another table has the same outcome in every cell that is set here; it may have more cells.
   *
   * @throws AssertionError listing the cells that differ
   */
  public synchronized void requireSubsetOf(FailureTable all) {
    List<String> differences = new ArrayList<>();
    rows.forEach((row, cells) -> cells.forEach((column, outcome) -> {
      String other = all.get(row, column).orElse("nothing");
      if (!other.equals(outcome)) {
        differences.add("%s, %s: '%s' instead of '%s'".formatted(row, column, outcome, other));
      }
    }));
    if (!differences.isEmpty()) {
      throw new AssertionError(String.join("\n", differences));
    }
  }

  @Override
  public synchronized String toString() {
    StringBuilder text = new StringBuilder();
    text.append("| ").append(corner).append(SEPARATOR).append(String.join(SEPARATOR, columns)).append(" |\n");
    text.append("|---".repeat(columns.size() + 1)).append("|\n");
    rows.forEach((row, cells) -> text.append("| ").append(row).append(SEPARATOR)
        .append(columns.stream().map(column -> cells.getOrDefault(column, ""))
            .collect(Collectors.joining(SEPARATOR)))
        .append(" |\n"));
    return text.toString();
  }
}
