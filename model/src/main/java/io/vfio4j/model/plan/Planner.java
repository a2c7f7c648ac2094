// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;

/**
 * Finds the ways of a device from a state to another.
 *
 * @param <S> the states of the version
 */
public sealed interface Planner<S> permits PlannerV1, PlannerV2 {

  /** Returns the planner for a device with version 2. */
  static Planner<DeviceState> of(MigrationFeatures features) {
    return new PlannerV2(features);
  }

  /** Returns the planner for a device with version 1. */
  static Planner<DeviceStateV1> of(FeaturesV1 features) {
    return new PlannerV1(features);
  }

  /**
   * Plans.
   *
   * @param from where the device is; in version 1, reserved bits and an NDMA that means nothing are dropped
   * @param to where it is to go, likewise
   * @return the ways, none where the device lacks one of the states, or they are invalid, or the target is
   *     ERROR
   */
  Plan<S> plan(S from, S to);

  /** Plans for a device that was just opened or reset, as that of a migration's target: it is in RUNNING. */
  Plan<S> planFromRunning(S to);
}
