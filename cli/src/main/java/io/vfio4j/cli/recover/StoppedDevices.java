// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Resumes or resets devices that their servers keep stopped since a command died while saving their state. */
final class StoppedDevices {

  private final Output output;

  StoppedDevices(Output output) {
    this.output = output;
  }

  /**
   * Resumes devices.
   *
   * @return whether all run now
   */
  boolean resume(List<DeviceAddress> addresses) {
    List<OpenDevice> stopped = new ArrayList<>();
    boolean all = true;
    try {
      for (DeviceAddress address : addresses) {
        all &= open(address, stopped, state -> state != DeviceState.RUNNING);
      }
      for (OpenDevice device : List.copyOf(stopped)) {
        all &= canResume(device) || !stopped.remove(device);
      }
      try (Termination.Registration _ = Termination.guard()) {
        OpenDevices.resumeAll(stopped.stream().map(OpenDevice::device).toList());
      }
      stopped.forEach(
          device -> report(device.name(), "resumed", "was left stopped with its state, and runs again"));
      return all;
    } catch (DeviceException e) {
      output.warning(ErrorMessages.describe(e));
      return false;
    } finally {
      stopped.forEach(OpenDevice::close);
    }
  }

  /**
   * Resets devices whose state is now owned by the other side. A device whose server is not known to reset it stays stopped,
   * since it might resume with the old state while the other copy runs.
   *
   * @return whether none of the reachable devices remains stopped; the servers of the others have ended
   */
  boolean discard(List<DeviceAddress> addresses) {
    return discard(addresses, false);
  }

  /**
   * Resets devices at the operator's request, also those whose server is not known to reset them.
   *
   * @return whether none of the reachable devices remains stopped; the servers of the others have ended
   */
  boolean discardOnRequest(List<DeviceAddress> addresses) {
    return discard(addresses, true);
  }

  private boolean mustStayStopped(OpenDevice device) throws DeviceException {
    DeviceState state = device.device().state();
    if (device.isResetReliable() || state == DeviceState.RESUMING || state == DeviceState.ERROR) {
      return false;
    }
    output.warning(
        "%s was not reset and stays in %s with a stale state: its server is not known to reset it; "
            .formatted(device.name(), state) + "restart its server");
    return true;
  }

  private boolean discard(List<DeviceAddress> addresses, boolean onRequest) {
    boolean all = true;
    for (DeviceAddress address : addresses) {
      List<OpenDevice> stopped = new ArrayList<>();
      open(address, stopped, state -> !state.isRunning());
      for (OpenDevice device : stopped) {
        all &= reset(device, onRequest);
      }
    }
    return all;
  }

  /** Returns whether a device holds a complete state; else warns and closes it. */
  private boolean canResume(OpenDevice device) throws DeviceException {
    DeviceState state = device.device().state();
    if (state != DeviceState.RESUMING && state != DeviceState.ERROR) {
      return true;
    }
    output.warning(
        "%s is in %s and cannot run. %s".formatted(device.name(), state,
            device.recoveryAdvice(state)));
    device.close();
    return false;
  }

  private boolean reset(OpenDevice device, boolean onRequest) {
    try (device; Termination.Registration _ = Termination.guard()) {
      if (!onRequest && mustStayStopped(device)) {
        return false;
      }
      device.device().reset();
      report(device.name(), "discarded", "was stopped with a state, and has been reset");
      return true;
    } catch (DeviceException e) {
      output.warning(ErrorMessages.describe(e));
      return false;
    }
  }

  /** Opens a device and adds it to a list if its state satisfies a condition; returns whether it could be checked. */
  private boolean open(DeviceAddress address, List<OpenDevice> selected, Predicate<DeviceState> condition) {
    try {
      OpenDevice device = address.open(output::warning);
      DeviceState state = stateOf(device);
      if (condition.test(state)) {
        selected.add(device);
      } else {
        device.close();
        report(device.name(), "running", "is in " + state);
      }
      return true;
    } catch (IOException e) {
      output.warning(ErrorMessages.describe(e));
      return false;
    }
  }

  private static DeviceState stateOf(OpenDevice device) throws DeviceException {
    try {
      return device.device().state();
    } catch (DeviceException e) {
      device.close();
      throw e;
    }
  }

  private void report(String device, String event, String text) {
    report(output, device, event, text);
  }

  /** Reports an action on a device. */
  static void report(Output output, String device, String event, String text) {
    output.line("%s %s".formatted(device, text));
    output.result(Json.event(event).with("device", device).build());
  }
}
