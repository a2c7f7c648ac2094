// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.checks;

import io.vfio4j.conformance.harness.SpecReferences;
import io.vfio4j.conformance.harness.VerdictException;
import io.vfio4j.conformance.report.CheckGroup;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;

/** The state and the features of a device that has just been opened. */
final class InitialChecks {

  private InitialChecks() {
  }

  static void addTo(CheckPlan plan) {
    plan.add(CheckGroup.INITIAL, "state", "A device that was just opened is in RUNNING.",
        SpecReferences.INITIAL,
        context -> {
          if (context.initialState() != DeviceState.RUNNING) {
            throw VerdictException.failed("RUNNING", context.initialState().toString());
          }
        });
    plan.add(CheckGroup.INITIAL, "features", "The features do not change.",
        SpecReferences.FEATURES, context -> {
          MigrationFeatures now = context.device().features();
          if (!now.canMigrate()) {
            throw VerdictException.notApplicable("the device cannot migrate, so little can be checked");
          }
          if (!now.equals(context.features())) {
            throw VerdictException.failed(context.features().toString(), now.toString());
          }
        });
  }
}
