// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.io.PrintStream;
import java.util.List;

/** Prints a Markdown table row by row. */
final class MarkdownTable {

  private final PrintStream out;

  MarkdownTable(PrintStream out, String title, List<String> columns) {
    this.out = out;
    out.println();
    out.println(title);
    out.println();
    row(columns);
    row(columns.stream().map(column -> "---").toList());
  }

  void row(List<String> cells) {
    out.println("| " + String.join(" | ", cells) + " |");
  }
}
