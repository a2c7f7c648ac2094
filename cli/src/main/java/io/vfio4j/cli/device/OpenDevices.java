// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.engine.DeviceSet;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The devices of one side that a command has opened, in the order in which the user named them. */
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

  /** Opens all, or none. */
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

  /** Makes all ready to receive a state, which loses their own. */
  public void prepareAsTargets() throws IOException {
    for (OpenDevice device : devices) {
      device.prepareAsTarget();
    }
  }

  /** Returns those of which something holds. */
  public OpenDevices filter(Predicate<OpenDevice> condition) {
    return new OpenDevices(devices.stream().filter(condition).toList());
  }

  public List<OpenDevice> list() {
    return devices;
  }

  public boolean isEmpty() {
    return devices.isEmpty();
  }

  /** Returns the names of all, for a sentence. */
  public String names() {
    return devices.stream().map(OpenDevice::name).collect(Collectors.joining(", "));
  }

  public DeviceSet deviceSet() {
    return DeviceSet.of(devices.stream().map(OpenDevice::device).toList());
  }

  /** Tells whether all are inside this command, and end with it. */
  public boolean isInProcess() {
    return devices.stream().allMatch(OpenDevice::isInProcess);
  }

  /** Returns how many bytes they expect to send, if all can tell. */
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

  /** Resets all whose servers would keep a state that is not theirs any more. */
  public void discard() {
    devices.forEach(OpenDevice::discard);
  }

  @Override
  public void close() {
    Deque<OpenDevice> backwards = new ArrayDeque<>();
    devices.forEach(backwards::push);
    backwards.forEach(OpenDevice::close);
  }
}
