// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.DeviceState;
import java.util.function.LongSupplier;

/** The migration state that a device is in, and the time that passes for it. */
final class RunState {

  private final RunningClock clock;
  private DeviceState state = DeviceState.RUNNING;

  RunState(LongSupplier nanoTime) {
    this.clock = new RunningClock(nanoTime);
    enter(DeviceState.RUNNING);
  }

  /** Lets time pass, or not, as it does in a state. */
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

  /** Returns the time in which the device runs. */
  RunningClock clock() {
    return clock;
  }
}
