// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Arrays;
import java.util.List;

/**
 * What a device has of states and arcs, of either version, as it is shown.
 *
 * @param summary of its features
 */
record StateGraph(int version, List<String> features, String summary, List<StateView> states,
    List<ArcView> arcs) {

  /** Returns a heading. */
  String title() {
    return "VFIO device states, version %d, %s".formatted(version, summary);
  }

  /** Returns the needs that are among those of the arcs. */
  List<ArcRequirement> requirements() {
    return Arrays.stream(ArcRequirement.values())
        .filter(need -> arcs.stream().anyMatch(arc -> arc.requirement() == need))
        .toList();
  }

  /** Tells whether an arc leads from a state to another. */
  boolean hasArc(String from, String to) {
    return arcs.stream().anyMatch(arc -> arc.from().equals(from) && arc.to().equals(to));
  }
}
