// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.cli.base.TextTable;
import java.util.ArrayList;
import java.util.List;

/** The states and arcs as tables. */
record StatesTable(StateGraph graph) {

  String text() {
    List<List<String>> states = new ArrayList<>();
    states.add(List.of("state", "no.", "needs", "the device"));
    graph.states().forEach(state -> states.add(List.of(state.name(), Integer.toString(state.number()),
        String.join(", ", state.features()), state.meaning())));
    List<List<String>> arcs = new ArrayList<>();
    arcs.add(List.of("arc", "supported by", "data"));
    graph.arcs()
        .forEach(arc -> arcs.add(List.of(arc.toString(), arc.requirement().description(), arc.effect())));
    return String.join("\n", graph.title(), "", columns(states), "", columns(arcs), "",
        "A reset leads from any state to RUNNING; it is the only exit from ERROR.",
        "For paths from one state to another, see vfio4j plan FROM TO.");
  }

  private static String columns(List<List<String>> rows) {
    return String.join("\n", TextTable.lines(rows));
  }
}
