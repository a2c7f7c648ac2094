// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import java.util.List;

/**
 * A longer way for a transition that a device lacks.
 *
 * @param viaReset whether it begins with a reset, which is the way to the first of the states
 * @param intermediateStates the states between the transition's ends; with a reset and a transition to RUNNING just that
 */
public record DetourV1(boolean viaReset, List<DeviceStateV1> intermediateStates) {

  static DetourV1 via(DeviceStateV1... through) {
    return new DetourV1(false, List.of(through));
  }

  static DetourV1 reset() {
    return new DetourV1(true, List.of(DeviceStateV1.RUNNING));
  }
}
