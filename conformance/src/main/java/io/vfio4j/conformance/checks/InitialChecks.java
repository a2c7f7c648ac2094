// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;

/** What there is when the device has been opened. */
final class InitialChecks {

  private InitialChecks() {
  }

  static void addTo(CheckPlan plan) {
    plan.add(CheckGroup.INITIAL, "state", "A device that was just opened is in RUNNING.",
        SpecReferences.INITIAL,
        bench -> {
          if (bench.initialState() != DeviceState.RUNNING) {
            throw VerdictException.failed("RUNNING", bench.initialState().toString());
          }
        });
    plan.add(CheckGroup.INITIAL, "features", "The features are the same at any time.",
        SpecReferences.FEATURES, bench -> {
          MigrationFeatures now = bench.device().features();
          if (!now.canMigrate()) {
            throw VerdictException.notApplicable("the device cannot migrate, and there is little to judge");
          }
          if (!now.equals(bench.features())) {
            throw VerdictException.failed(bench.features().toString(), now.toString());
          }
        });
  }
}
