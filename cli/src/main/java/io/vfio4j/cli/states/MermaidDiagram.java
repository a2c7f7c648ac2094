// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.stream.Collectors;

/** The diagram as a {@code stateDiagram-v2} of Mermaid. */
record MermaidDiagram(StateGraph graph) {

  String text() {
    StringBuilder text = new StringBuilder("stateDiagram-v2\n");
    text.append("  %% ").append(graph.title()).append('\n');
    for (StateView state : graph.states()) {
      text.append("  state \"%s\" as %s\n".formatted(state.name(), state.identifier()));
    }
    text.append("  [*] --> RUNNING\n");
    for (ArcView arc : graph.arcs()) {
      text.append("  %s --> %s%s\n".formatted(StateView.identifier(arc.from()),
          StateView.identifier(arc.to()), label(arc)));
    }
    if (graph.states().stream().anyMatch(StateView::isError)) {
      text.append("  ERROR --> RUNNING : reset\n");
    }
    return text.append(classes()).toString().stripTrailing();
  }

  private static String label(ArcView arc) {
    return switch (arc.requirement()) {
      case ALWAYS, MANDATORY, ABORT -> "";
      case P2P, PRE_COPY, P2P_AND_PRE_COPY, WITHOUT_P2P, PRE_COPY_WITHOUT_P2P, NDMA, OPTIONAL ->
        " : " + arc.requirement().description();
    };
  }

  private String classes() {
    String saving = graph.states().stream().filter(StateView::isSaving).map(StateView::identifier)
        .collect(Collectors.joining(","));
    return saving.isEmpty() ? ""
        : """
              classDef saving stroke:#b08800,stroke-width:2px
              class %s saving
            """.formatted(saving);
  }
}
