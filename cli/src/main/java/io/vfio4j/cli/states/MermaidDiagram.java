// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.stream.Collectors;

/** A {@code stateDiagram-v2} of Mermaid. */
record MermaidDiagram(StateMap map) {

  String text() {
    StringBuilder text = new StringBuilder("stateDiagram-v2\n");
    text.append("  %% ").append(map.title()).append('\n');
    for (ShownState state : map.states()) {
      text.append("  state \"%s\" as %s\n".formatted(state.name(), state.identifier()));
    }
    text.append("  [*] --> RUNNING\n");
    for (ShownArc arc : map.arcs()) {
      text.append("  %s --> %s%s\n".formatted(ShownState.identifier(arc.from()),
          ShownState.identifier(arc.to()), label(arc)));
    }
    if (map.states().stream().anyMatch(ShownState::isError)) {
      text.append("  ERROR --> RUNNING : reset\n");
    }
    return text.append(classes()).toString().stripTrailing();
  }

  private static String label(ShownArc arc) {
    return switch (arc.need()) {
      case ALWAYS, MANDATORY, ABORT -> "";
      case P2P, PRE_COPY, P2P_AND_PRE_COPY, WITHOUT_P2P, PRE_COPY_WITHOUT_P2P, NDMA, OPTIONAL ->
        " : " + arc.need().words();
    };
  }

  private String classes() {
    String saving = map.states().stream().filter(ShownState::isSaving).map(ShownState::identifier)
        .collect(Collectors.joining(","));
    return saving.isEmpty() ? ""
        : """
              classDef saving stroke:#b08800,stroke-width:2px
              class %s saving
            """.formatted(saving);
  }
}
