// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.DeviceState;
import java.util.function.LongSupplier;

/** The migration state of a device, and its clock, which runs in the states in which the device runs. */
final class RunState {

  private final RunningClock clock;
  private DeviceState state = DeviceState.RUNNING;

  RunState(LongSupplier nanoTime) {
    this.clock = new RunningClock(nanoTime);
    enter(DeviceState.RUNNING);
  }

  /** Sets the state, and starts or stops the clock. */
  void enter(DeviceState entered) {
    state = entered;
    clock.setRunning(isRunning());
  }

  DeviceState state() {
    return state;
  }

  boolean isRunning() {
    return state.isRunning();
  }

  /** Returns the clock of the device's running time. */
  RunningClock clock() {
    return clock;
  }
}
