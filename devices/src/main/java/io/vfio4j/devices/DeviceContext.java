// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.vfiouser.log.LogLimiter;
import io.vfio4j.vfiouser.log.ServerLog;

/**
 * What the parts of a device share: its setup, its run state, its log, and how far it is built: declaring → frozen →
 * attached. Declarations are allowed only while declaring, timers only once attached.
 */
final class DeviceContext {

  private final DeviceSetup setup;
  private final RunState runState;
  private final LogLimiter log;
  private boolean resetRequested;
  private boolean declaring = true;
  private boolean attached;

  DeviceContext(DeviceSetup setup) {
    this.setup = setup;
    this.runState = new RunState(setup.nanoTime());
    this.log = new LogLimiter(ServerLog.of(setup.log()), setup.nanoTime());
  }

  DeviceSetup setup() {
    return setup;
  }

  RunState runState() {
    return runState;
  }

  boolean isRunning() {
    return runState.isRunning();
  }

  /** Logs a line, rate-limited so that a guest cannot flood the log. */
  void log(String line) {
    log.accept(setup.name() + ": " + line);
  }

  /** Logs the number of lines that were suppressed. */
  void flushLog() {
    log.flush();
  }

  /** Requests a reset of the device after the current access. */
  void requestReset() {
    resetRequested = true;
  }

  /** Returns whether a reset was requested, and clears the request. */
  boolean pollResetRequest() {
    boolean requested = resetRequested;
    resetRequested = false;
    return requested;
  }

  void requireDeclaring() {
    if (!declaring) {
      throw new IllegalStateException(
          setup.name() + ": declarations belong in the constructor of the device");
    }
  }

  void requireAttached() {
    if (!attached) {
      throw new IllegalStateException(setup.name() + ": the device is not attached yet");
    }
  }

  /** Ends the declarations. */
  void freeze() {
    declaring = false;
  }

  /** Marks the device as attached, which also ends the declarations. */
  void attach() {
    declaring = false;
    attached = true;
  }
}
