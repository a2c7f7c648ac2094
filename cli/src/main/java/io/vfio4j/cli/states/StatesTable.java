// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.ArrayList;
import java.util.List;

/** States and arcs for people. */
record StatesTable(StateMap map) {

  String text() {
    List<List<String>> states = new ArrayList<>();
    states.add(List.of("state", "no.", "needs", "the device"));
    map.states().forEach(state -> states.add(List.of(state.name(), Integer.toString(state.number()),
        String.join(", ", state.needs()), state.meaning())));
    List<List<String>> arcs = new ArrayList<>();
    arcs.add(List.of("arc", "had by", "data"));
    map.arcs().forEach(arc -> arcs.add(List.of(arc.toString(), arc.need().words(), arc.effect())));
    return String.join("\n", map.title(), "", columns(states), "", columns(arcs), "",
        "A reset leads from any state to RUNNING, and is the only way out of ERROR.",
        "For the ways from a state to another: vfio4j plan FROM TO");
  }

  private static String columns(List<List<String>> rows) {
    int count = rows.getFirst().size();
    int[] widths = new int[count];
    rows.forEach(row -> {
      for (int i = 0; i < count; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    });
    return String.join("\n", rows.stream().map(row -> line(row, widths)).toList());
  }

  private static String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      line.append(row.get(i)).repeat(' ', widths[i] - row.get(i).length() + 2);
    }
    return line.toString().stripTrailing();
  }
}
