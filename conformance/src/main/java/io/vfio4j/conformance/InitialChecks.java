// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;

/** What there is when the device has been opened. */
final class InitialChecks {

  private InitialChecks() {
  }

  static void addTo(Plan plan) {
    plan.add(Group.INITIAL, "state", "A device that was just opened is in RUNNING.", Sources.INITIAL,
        bench -> {
          if (bench.opened() != DeviceState.RUNNING) {
            throw Judgement.failed("RUNNING", bench.opened().toString());
          }
        });
    plan.add(Group.INITIAL, "features", "The features are the same at any time.", Sources.FEATURES, bench -> {
      MigrationFeatures now = bench.device().features();
      if (!now.canMigrate()) {
        throw Judgement.notApplicable("the device cannot migrate, and there is little to judge");
      }
      if (!now.equals(bench.features())) {
        throw Judgement.failed(bench.features().toString(), now.toString());
      }
    });
  }
}
