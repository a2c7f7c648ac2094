// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

/** A graph for Graphviz. */
record DotDiagram(StateMap map) {

  String text() {
    StringBuilder text = new StringBuilder("digraph states {\n");
    text.append("  label=\"%s\";\n".formatted(map.title()));
    text.append("  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    text.append("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    map.states().stream().filter(state -> !state.isSaving())
        .forEach(state -> text.append("  ").append(node(state)));
    savingGroup(text);
    for (ShownArc arc : map.arcs()) {
      text.append("  \"%s\" -> \"%s\"%s;\n".formatted(arc.from(), arc.to(), attributes(arc)));
    }
    if (map.states().stream().anyMatch(ShownState::isError)) {
      text.append("  \"ERROR\" -> \"RUNNING\" [label=\"reset\", style=dotted];\n");
    }
    return text.append("}").toString();
  }

  private void savingGroup(StringBuilder text) {
    if (map.states().stream().noneMatch(ShownState::isSaving)) {
      return;
    }
    text.append("  subgraph cluster_saving {\n    label=\"saving group\";\n    style=\"rounded,dashed\";\n");
    map.states().stream().filter(ShownState::isSaving)
        .forEach(state -> text.append("    ").append(node(state)));
    text.append("  }\n");
  }

  private static String node(ShownState state) {
    String more = state.isInitial() ? ", penwidth=2" : "";
    return "\"%s\" [label=\"%s\\n%s\"%s];\n".formatted(state.name(), state.name(), state.brief(), more);
  }

  private static String attributes(ShownArc arc) {
    return switch (arc.need()) {
      case ALWAYS, MANDATORY, ABORT -> "";
      case P2P, PRE_COPY, P2P_AND_PRE_COPY, WITHOUT_P2P, PRE_COPY_WITHOUT_P2P, NDMA, OPTIONAL ->
        " [label=\"%s\", style=dashed]".formatted(arc.need().words());
    };
  }
}
