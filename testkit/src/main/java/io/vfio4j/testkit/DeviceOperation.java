// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit;

import io.vfio4j.model.DeviceState;

/** Something that was done to a {@link SimulatedDevice}. */
public sealed interface DeviceOperation {

  /**
   * It was asked to move, whether or not it did.
   *
   * @param to where
   */
  record Transition(DeviceState to) implements DeviceOperation {
    @Override
    public String toString() {
      return to.name();
    }
  }

  /** It was asked to reset itself, whether or not it did. */
  record Reset() implements DeviceOperation {
    @Override
    public String toString() {
      return "reset";
    }
  }
}
