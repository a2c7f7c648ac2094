// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import java.util.ArrayList;
import java.util.List;

/**
 * The checks for a device, in the order in which they are done: what one check needs is judged by another before.
 */
final class Plan {

  private final List<PlannedCheck> checks = new ArrayList<>();

  private Plan() {
  }

  static List<PlannedCheck> of(Interface has) {
    Plan plan = new Plan();
    InitialChecks.addTo(plan);
    if (has.features().canMigrate()) {
      plan.addMoves(has);
      plan.addStreams(has);
      RegionChecks.addTo(plan, has.features());
    }
    DmaLogStartChecks.addTo(plan);
    DmaLogReportChecks.addTo(plan);
    if (has.features().canMigrate()) {
      ReopeningChecks.addTo(plan);
      if (!has.drivenByV1()) {
        ErrorChecks.addTo(plan, has.features());
      }
      if (has.isStream()) {
        TimeChecks.addTo(plan, has.features());
      }
      ResetChecks.addLast(plan);
    }
    return List.copyOf(plan.checks);
  }

  /** What a check needs of version 1 is judged first, where the device has nothing else. */
  private void addMoves(Interface has) {
    if (has.drivenByV1()) {
      addRegion(has);
    } else {
      TransitionChecks.addFromRunning(this, has.features());
    }
    if (has.isStream()) {
      ResetChecks.addFromStates(this, has.features());
      SavingChecks.addTo(this);
      ResumingChecks.addTo(this);
      ResetChecks.addDuringSessions(this);
    }
    if (!has.drivenByV1()) {
      TransitionChecks.addFromOthers(this, has.features());
      NumberChecks.addTo(this, has.features());
      PathChecks.addTo(this, has.features());
      addRegion(has);
    }
  }

  private void addStreams(Interface has) {
    if (has.isStream()) {
      SessionChecks.addTo(this, has.features());
      PreCopyChecks.addTo(this);
      DamagedStreamChecks.addTo(this);
    }
  }

  private void addRegion(Interface has) {
    if (has.hasRegion()) {
      RegionFieldChecks.addTo(this);
      RegionStateChecks.addResets(this, has.ndma());
      RegionDataChecks.addTo(this);
      RegionStateChecks.addTo(this, has.ndma());
    }
  }

  void add(Group group, String name, String sentence, String source, Experiment experiment) {
    checks.add(new PlannedCheck(new Check(group, name, sentence, source, false), experiment));
  }

  void addDangerous(Group group, String name, String sentence, String source, Experiment experiment) {
    checks.add(new PlannedCheck(new Check(group, name, sentence, source, true), experiment));
  }
}
