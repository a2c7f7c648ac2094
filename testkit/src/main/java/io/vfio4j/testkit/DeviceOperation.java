// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceState;

/** An operation requested of a {@link SimulatedDevice}. */
public sealed interface DeviceOperation {

  /**
   * A transition was requested, successfully or not.
   *
   * @param to the requested state
   */
  record Transition(DeviceState to) implements DeviceOperation {
    @Override
    public String toString() {
      return to.name();
    }
  }

  /** A reset was requested, successfully or not. */
  record Reset() implements DeviceOperation {
    @Override
    public String toString() {
      return "reset";
    }
  }
}
