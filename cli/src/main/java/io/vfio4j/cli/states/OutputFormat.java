// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Locale;

/** How states are shown. */
enum OutputFormat {
  TABLE, MERMAID, DOT, SVG, JSON;

  /** Returns what is to be written, without a line's end after it. */
  String render(StateGraph map) {
    return switch (this) {
      case TABLE -> new StatesTable(map).text();
      case MERMAID -> new MermaidDiagram(map).text();
      case DOT -> new DotDiagram(map).text();
      case SVG -> SvgDiagram.of(map).text();
      case JSON -> new StatesJson(map).build().toString();
    };
  }

  /** Returns the name as picocli's help and errors write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
