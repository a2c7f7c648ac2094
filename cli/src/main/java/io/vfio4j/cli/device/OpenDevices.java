// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.engine.DeviceSet;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The devices of one side that a command has opened, in the order of the command line. */
public final class OpenDevices implements AutoCloseable {

  private final List<OpenDevice> devices;

  private OpenDevices(List<OpenDevice> devices) {
    this.devices = List.copyOf(devices);
  }

  /** Opens one device. */
  @FunctionalInterface
  public interface Opener {
    OpenDevice open(DeviceAddress address) throws IOException;
  }

  /** Opens all devices, or none. */
  public static OpenDevices open(List<DeviceAddress> addresses, Opener opener) throws IOException {
    List<OpenDevice> opened = new ArrayList<>();
    try {
      for (DeviceAddress address : addresses) {
        opened.add(opener.open(address));
      }
      return new OpenDevices(opened);
    } catch (IOException | RuntimeException | Error e) {
      opened.forEach(OpenDevice::close);
      throw e;
    }
  }

  public static OpenDevices of(OpenDevice... devices) {
    return new OpenDevices(List.of(devices));
  }

  /** Prepares all devices to load a state, which loses their own. */
  public void prepareAsTargets() throws IOException {
    for (OpenDevice device : devices) {
      device.prepareAsTarget();
    }
  }

  /** Returns the devices that satisfy a condition. */
  public OpenDevices filter(Predicate<OpenDevice> condition) {
    return new OpenDevices(devices.stream().filter(condition).toList());
  }

  public List<OpenDevice> list() {
    return devices;
  }

  public boolean isEmpty() {
    return devices.isEmpty();
  }

  /** Returns the names of all, separated by commas. */
  public String names() {
    return devices.stream().map(OpenDevice::name).collect(Collectors.joining(", "));
  }

  public DeviceSet deviceSet() {
    return DeviceSet.of(devices.stream().map(OpenDevice::device).toList());
  }

  /**
   * Returns the set as the source of a migration.
   *
   * @throws DeviceException if the server of a device that is moved through its control socket does not answer
   * @throws CommandException if only some of them are moved in this way
   */
  public DeviceSet sourceSet() throws DeviceException, CommandException {
    return deviceSet().withHandover(ControlledSources.of(devices));
  }

  /** Returns whether all are in this process, and end with it. */
  public boolean isInProcess() {
    return devices.stream().allMatch(OpenDevice::isInProcess);
  }

  /** Returns how many bytes of state they estimate; empty if one of them has no estimate. */
  public OptionalLong stopCopyLength() throws IOException {
    long sum = 0;
    for (OpenDevice device : devices) {
      OptionalLong length = device.device().stopCopyLength();
      if (length.isEmpty()) {
        return length;
      }
      sum += length.getAsLong();
    }
    return OptionalLong.of(sum);
  }

  /** Resets the devices whose servers would keep a state that is now owned by the other side. */
  public void discard() {
    devices.forEach(OpenDevice::discard);
  }

  /** Resumes all devices; see {@link #resumeAll(List)}. */
  public void resumeAll() throws DeviceException {
    resumeAll(devices.stream().map(OpenDevice::device).toList());
  }

  /**
   * Moves devices to RUNNING. All leave STOP before any may start peer-to-peer DMA.
   *
   * @throws DeviceException if a transition fails; some devices may be running then
   */
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

  @Override
  public void close() {
    devices.reversed().forEach(OpenDevice::close);
  }
}
