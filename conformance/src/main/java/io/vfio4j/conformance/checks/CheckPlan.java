// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckGroup;
import java.util.ArrayList;
import java.util.List;

/**
 * The checks for a device, in the order in which they are done: what one check needs is judged by another before.
 */
public final class CheckPlan {

  private final List<PlannedCheck> checks = new ArrayList<>();

  private CheckPlan() {
  }

  public static List<PlannedCheck> of(MigrationInterface has) {
    CheckPlan plan = new CheckPlan();
    InitialChecks.addTo(plan);
    if (has.features().canMigrate()) {
      plan.addMoves(has);
      plan.addStreams(has);
      ConfigSpaceChecks.addTo(plan, has.features());
    }
    DmaLogStartChecks.addTo(plan);
    DmaLogReportChecks.addTo(plan);
    if (has.features().canMigrate()) {
      ReopenChecks.addTo(plan);
      if (!has.isVersion1Only()) {
        ErrorChecks.addTo(plan, has.features());
      }
      if (has.isStream()) {
        TimingChecks.addTo(plan, has.features());
      }
      ResetChecks.addLast(plan);
    }
    return List.copyOf(plan.checks);
  }

  /** What a check needs of version 1 is judged first, where the device has nothing else. */
  private void addMoves(MigrationInterface has) {
    if (has.isVersion1Only()) {
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
    if (!has.isVersion1Only()) {
      TransitionChecks.addFromOthers(this, has.features());
      StateNumberChecks.addTo(this, has.features());
      PathChecks.addTo(this, has.features());
      addRegion(has);
    }
  }

  private void addStreams(MigrationInterface has) {
    if (has.isStream()) {
      SessionChecks.addTo(this, has.features());
      PreCopyChecks.addTo(this);
      DamagedStreamChecks.addTo(this);
    }
  }

  private void addRegion(MigrationInterface has) {
    if (has.hasRegion()) {
      RegionFieldChecks.addTo(this);
      RegionStateChecks.addResets(this, has.ndma());
      RegionDataChecks.addTo(this);
      RegionStateChecks.addTo(this, has.ndma());
    }
  }

  void add(CheckGroup group, String name, String sentence, String source, CheckBody experiment) {
    checks.add(new PlannedCheck(new Check(group, name, sentence, source, false), experiment));
  }

  void addDangerous(CheckGroup group, String name, String sentence, String source, CheckBody experiment) {
    checks.add(new PlannedCheck(new Check(group, name, sentence, source, true), experiment));
  }
}
