// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.plan;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.v1.DeviceStateV1;
import io.vfio4j.model.v1.FeaturesV1;

/**
 * Finds the routes of a device from one state to another.
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
   * Plans a transition.
   *
   * @param from the current state; in version 1, reserved bits and an NDMA without effect are ignored
   * @param to the target, likewise
   * @return the plan; without routes if the device lacks one of the states, one of them is invalid, or the
   *     target is ERROR
   */
  Plan<S> plan(S from, S to);

  /**
   * Plans a transition of a device in RUNNING: one that has just been opened or reset, like that of a
   * migration target.
   */
  Plan<S> planFromRunning(S to);
}
