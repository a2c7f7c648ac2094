// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import java.util.List;

/**
 * A detour around a transition that a device lacks.
 *
 * @param viaReset whether it begins with a reset, which leads to the first of the states
 * @param intermediateStates the states between those of the transition; after a reset, RUNNING
 */
public record DetourV1(boolean viaReset, List<DeviceStateV1> intermediateStates) {

  static DetourV1 via(DeviceStateV1... states) {
    return new DetourV1(false, List.of(states));
  }

  static DetourV1 reset() {
    return new DetourV1(true, List.of(DeviceStateV1.RUNNING));
  }
}
