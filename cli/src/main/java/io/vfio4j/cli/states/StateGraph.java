// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import java.util.Arrays;
import java.util.List;

/**
 * The states and arcs of a device, of either version, for display.
 *
 * @param summary a summary of the device's features
 */
record StateGraph(int version, List<String> features, String summary, List<StateView> states,
    List<ArcView> arcs) {

  /** Returns the title. */
  String title() {
    return "VFIO device states, version %d, %s".formatted(version, summary);
  }

  /** Returns the requirements that occur among the arcs. */
  List<ArcRequirement> requirements() {
    return Arrays.stream(ArcRequirement.values())
        .filter(requirement -> arcs.stream().anyMatch(arc -> arc.requirement() == requirement))
        .toList();
  }

  /** Returns whether there is an arc between two states. */
  boolean hasArc(String from, String to) {
    return arcs.stream().anyMatch(arc -> arc.from().equals(from) && arc.to().equals(to));
  }
}
