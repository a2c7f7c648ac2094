// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.MigrationFeatures;
import java.util.ArrayList;
import java.util.List;

/**
 * The checks for a device, in the order in which they are done: what one check needs is judged by another before.
 */
final class Plan {

  private final List<PlannedCheck> checks = new ArrayList<>();

  private Plan() {
  }

  static List<PlannedCheck> of(MigrationFeatures features) {
    Plan plan = new Plan();
    InitialChecks.addTo(plan);
    if (features.canMigrate()) {
      TransitionChecks.addFromRunning(plan, features);
      ResetChecks.addFromStates(plan, features);
      SavingChecks.addTo(plan);
      ResumingChecks.addTo(plan);
      ResetChecks.addDuringSessions(plan);
      TransitionChecks.addFromOthers(plan, features);
      NumberChecks.addTo(plan, features);
      PathChecks.addTo(plan, features);
      SessionChecks.addTo(plan, features);
      PreCopyChecks.addTo(plan);
      DamagedStreamChecks.addTo(plan);
      RegionChecks.addTo(plan, features);
    }
    DmaLogStartChecks.addTo(plan);
    DmaLogReportChecks.addTo(plan);
    if (features.canMigrate()) {
      ReopeningChecks.addTo(plan);
      ErrorChecks.addTo(plan, features);
      TimeChecks.addTo(plan, features);
      ResetChecks.addLast(plan);
    }
    return List.copyOf(plan.checks);
  }

  void add(Group group, String name, String sentence, String source, Experiment experiment) {
    checks.add(new PlannedCheck(new Check(group, name, sentence, source, false), experiment));
  }

  void addDangerous(Group group, String name, String sentence, String source, Experiment experiment) {
    checks.add(new PlannedCheck(new Check(group, name, sentence, source, true), experiment));
  }
}
