// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Locale;

/** The output formats of the {@code states} command. */
enum OutputFormat {
  TABLE, MERMAID, DOT, SVG, JSON;

  /** Returns the text of a graph, without a final line terminator. */
  String render(StateGraph graph) {
    return switch (this) {
      case TABLE -> new StatesTable(graph).text();
      case MERMAID -> new MermaidDiagram(graph).text();
      case DOT -> new DotDiagram(graph).text();
      case SVG -> SvgDiagram.of(graph).text();
      case JSON -> new StatesJson(graph).build().toString();
    };
  }

  /** Returns the name in help and error messages. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
