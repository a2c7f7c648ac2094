// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckGroup;
import java.util.ArrayList;
import java.util.List;

/** The checks of a device in use, in the order in which they run: those that cannot change anything first. */
final class ObservationPlan {

  private final List<PlannedObservation> checks = new ArrayList<>();

  private ObservationPlan() {
  }

  static List<PlannedObservation> create() {
    ObservationPlan plan = new ObservationPlan();
    QueryChecks.addTo(plan);
    RunningChecks.addTo(plan);
    PauseChecks.addTo(plan);
    QueryChecks.addLast(plan);
    return List.copyOf(plan.checks);
  }

  void add(String name, String requirement, String reference, ObservationBody body) {
    checks.add(
        new PlannedObservation(new Check(CheckGroup.IN_USE, name, requirement, reference, false), body));
  }
}
