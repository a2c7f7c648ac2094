// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

/** The diagram in the language of Graphviz. */
record DotDiagram(StateGraph graph) {

  String text() {
    StringBuilder text = new StringBuilder("digraph states {\n");
    text.append("  label=\"%s\";\n".formatted(graph.title()));
    text.append("  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    text.append("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    graph.states().stream().filter(state -> !state.isSaving())
        .forEach(state -> text.append("  ").append(node(state)));
    savingGroup(text);
    for (ArcView arc : graph.arcs()) {
      text.append("  \"%s\" -> \"%s\"%s;\n".formatted(arc.from(), arc.to(), attributes(arc)));
    }
    if (graph.states().stream().anyMatch(StateView::isError)) {
      text.append("  \"ERROR\" -> \"RUNNING\" [label=\"reset\", style=dotted];\n");
    }
    return text.append("}").toString();
  }

  private void savingGroup(StringBuilder text) {
    if (graph.states().stream().noneMatch(StateView::isSaving)) {
      return;
    }
    text.append("  subgraph cluster_saving {\n    label=\"saving group\";\n    style=\"rounded,dashed\";\n");
    graph.states().stream().filter(StateView::isSaving)
        .forEach(state -> text.append("    ").append(node(state)));
    text.append("  }\n");
  }

  private static String node(StateView state) {
    String more = state.isInitial() ? ", penwidth=2" : "";
    return "\"%s\" [label=\"%s\\n%s\"%s];\n".formatted(state.name(), state.name(), state.brief(), more);
  }

  private static String attributes(ArcView arc) {
    return switch (arc.requirement()) {
      case ALWAYS, MANDATORY, ABORT -> "";
      case P2P, PRE_COPY, P2P_AND_PRE_COPY, WITHOUT_P2P, PRE_COPY_WITHOUT_P2P, NDMA, OPTIONAL ->
        " [label=\"%s\", style=dashed]".formatted(arc.requirement().description());
    };
  }
}
