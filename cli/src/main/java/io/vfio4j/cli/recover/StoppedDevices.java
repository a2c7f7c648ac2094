// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.device.DeviceAddress.VfioUser;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Devices that stand still with their state, since a command died that was taking it, and their servers keep them. */
public final class StoppedDevices {

  private final Output output;

  StoppedDevices(Output output) {
    this.output = output;
  }

  /**
   * Lets devices run again.
   *
   * @return whether all run now
   */
  boolean resume(List<VfioUser> addresses) {
    List<OpenDevice> stopped = new ArrayList<>();
    boolean all = true;
    try {
      for (VfioUser address : addresses) {
        all &= open(address, stopped, state -> state != DeviceState.RUNNING);
      }
      for (OpenDevice device : List.copyOf(stopped)) {
        all &= canResume(device) || !stopped.remove(device);
      }
      try (Termination.Registration _ = Termination.guard()) {
        resumeAll(stopped.stream().map(OpenDevice::device).toList());
      }
      stopped.forEach(device -> report(device.name(), "resumed", "was left with its state, and runs again"));
      return all;
    } catch (DeviceException e) {
      output.warning("vfio4j: " + e.getMessage());
      return false;
    } finally {
      stopped.forEach(OpenDevice::close);
    }
  }

  /**
   * Resets devices whose state is not theirs any more. Another copy of it may run: one whose server is not known to reset it,
   * and that could run with it therefore, is left as it is.
   *
   * @return whether none of those that can be reached stands still any more; the others are not kept by anybody
   */
  boolean discard(List<VfioUser> addresses) {
    return discard(addresses, false);
  }

  /**
   * Resets devices as a person asks for, who answers for it that one may run with its state for a moment, where a server
   * resets no stopped device.
   *
   * @return whether none of those that can be reached stands still any more; the others are not kept by anybody
   */
  boolean discardOnRequest(List<VfioUser> addresses) {
    return discard(addresses, true);
  }

  private boolean mustStayStopped(OpenDevice device) throws DeviceException {
    DeviceState state = device.device().state();
    if (device.isResetReliable() || state == DeviceState.RESUMING || state == DeviceState.ERROR) {
      return false;
    }
    output.warning(
        "vfio4j: %s was not reset, and stays in %s with a state that is not its own any more: its server is not "
            .formatted(device.name(), state) + "known to reset it; restart its server");
    return true;
  }

  private boolean discard(List<VfioUser> addresses, boolean asTold) {
    boolean all = true;
    for (VfioUser address : addresses) {
      List<OpenDevice> stopped = new ArrayList<>();
      open(address, stopped, state -> !state.isRunning());
      for (OpenDevice device : stopped) {
        all &= reset(device, asTold);
      }
    }
    return all;
  }

  /** What was loaded in part, or is lost, does not run. */
  private boolean canResume(OpenDevice device) throws DeviceException {
    DeviceState state = device.device().state();
    if (state != DeviceState.RESUMING && state != DeviceState.ERROR) {
      return true;
    }
    output.warning(
        "vfio4j: %s is in %s, and cannot run. %s".formatted(device.name(), state,
            device.recoveryAdvice(state)));
    device.close();
    return false;
  }

  private boolean reset(OpenDevice device, boolean asTold) {
    try (device; Termination.Registration _ = Termination.guard()) {
      if (!asTold && mustStayStopped(device)) {
        return false;
      }
      device.device().reset();
      report(device.name(), "discarded", "stood still with a state, and has been reset");
      return true;
    } catch (DeviceException e) {
      output.warning("vfio4j: " + e.getMessage());
      return false;
    }
  }

  /** Opens a device, and keeps it open if its state is a wanted one. Returns whether it could be looked at. */
  private boolean open(VfioUser address, List<OpenDevice> kept, Predicate<DeviceState> wanted) {
    try {
      OpenDevice device = OpenDevice.connect(address, output::warning);
      DeviceState state = stateOf(device);
      if (wanted.test(state)) {
        kept.add(device);
      } else {
        device.close();
        report(device.name(), "running", "is in " + state);
      }
      return true;
    } catch (IOException e) {
      output.warning("vfio4j: " + e.getMessage());
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

  /** All are out of their stop before any begins peer-to-peer traffic. */
  public static void resumeAll(List<MigratableDevice> devices) throws DeviceException {
    for (MigratableDevice device : devices) {
      if (device.features().has(MigrationFeature.P2P) && !device.state().isRunning()) {
        device.moveTo(DeviceState.RUNNING_P2P);
      }
    }
    for (MigratableDevice device : devices) {
      device.moveTo(DeviceState.RUNNING);
    }
  }

  private void report(String device, String event, String what) {
    report(output, device, event, what);
  }

  /** Reports what was done with a device. */
  static void report(Output output, String device, String event, String what) {
    output.line("%s %s".formatted(device, what));
    output.result(Json.event(event).with("device", device).build());
  }
}
