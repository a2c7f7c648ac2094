// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.CheckBody;
import io.vfio4j.conformance.report.Check;
import io.vfio4j.conformance.report.CheckGroup;
import java.util.ArrayList;
import java.util.List;

/** The checks for a device, in the order in which they run: a check's preconditions are checked before it. */
public final class CheckPlan {

  private final List<PlannedCheck> checks = new ArrayList<>();

  private CheckPlan() {
  }

  /** Returns the checks that apply to the migration interface of a device, dangerous ones included. */
  public static List<PlannedCheck> of(MigrationInterface offered) {
    CheckPlan plan = new CheckPlan();
    InitialChecks.addTo(plan);
    if (offered.features().canMigrate()) {
      plan.addTransitions(offered);
      plan.addStreams(offered);
      ConfigSpaceChecks.addTo(plan, offered.features());
    }
    DmaLogStartChecks.addTo(plan);
    DmaLogReportChecks.addTo(plan);
    if (offered.features().canMigrate()) {
      ReopenChecks.addTo(plan);
      if (!offered.isVersion1Only()) {
        ErrorChecks.addTo(plan, offered.features());
      }
      if (offered.isStream()) {
        TimingChecks.addTo(plan, offered.features());
      }
      ResetChecks.addLast(plan);
    }
    return List.copyOf(plan.checks);
  }

  /**
   * Adds the checks of transitions. A device with version 1 alone has its preconditions checked through the
   * region, first.
   */
  private void addTransitions(MigrationInterface offered) {
    if (offered.isVersion1Only()) {
      addRegion(offered);
    } else {
      TransitionChecks.addFromRunning(this, offered.features());
    }
    if (offered.isStream()) {
      ResetChecks.addFromStates(this, offered.features());
      SavingChecks.addTo(this);
      ResumingChecks.addTo(this);
      ResetChecks.addDuringSessions(this);
    }
    if (!offered.isVersion1Only()) {
      TransitionChecks.addFromOthers(this, offered.features());
      StateNumberChecks.addTo(this, offered.features());
      PathChecks.addTo(this, offered.features());
      addRegion(offered);
    }
  }

  private void addStreams(MigrationInterface offered) {
    if (offered.isStream()) {
      SessionChecks.addTo(this, offered.features());
      PreCopyChecks.addTo(this);
      DamagedStreamChecks.addTo(this);
    }
  }

  private void addRegion(MigrationInterface offered) {
    if (offered.hasRegion()) {
      RegionFieldChecks.addTo(this);
      RegionStateChecks.addResets(this, offered.ndma());
      RegionDataChecks.addTo(this);
      RegionStateChecks.addTo(this, offered.ndma());
    }
  }

  void add(CheckGroup group, String name, String requirement, String reference, CheckBody body) {
    checks.add(new PlannedCheck(new Check(group, name, requirement, reference, false), body));
  }

  void addDangerous(CheckGroup group, String name, String requirement, String reference, CheckBody body) {
    checks.add(new PlannedCheck(new Check(group, name, requirement, reference, true), body));
  }
}
