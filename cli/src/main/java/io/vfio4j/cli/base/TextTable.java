// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import java.util.List;

/** A table as text, with aligned columns. */
public final class TextTable {

  private TextTable() {
  }

  /**
   * Returns a line for each row.
   *
   * @param rows at least one; all have the same number of cells
   */
  public static List<String> lines(List<List<String>> rows) {
    int count = rows.getFirst().size();
    int[] widths = new int[count];
    rows.forEach(row -> {
      for (int i = 0; i < count; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    });
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  private static String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      line.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + 2);
    }
    return line.toString().stripTrailing();
  }
}
