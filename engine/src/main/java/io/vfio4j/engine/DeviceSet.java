// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.MigratableDevice;
import java.util.List;
import java.util.Optional;

/**
 * What migrates together: devices, which may access each other's memory, and the memory that they write to.
 * Devices correspond to those of the other side by position, memory regions by name.
 *
 * @param devices from 1 to {@value #MAX_DEVICES} devices; a migration does not close them
 * @param memory the memory to migrate; none if both sides share it
 * @param containerLog the container's log of writes through its mappings, for devices without a log of their
 *     own; used only at the source, by the thread that runs the migration
 * @param handover what belongs to the devices besides their state; used only at the source, by the thread that
 *     runs the migration
 */
public record DeviceSet(List<MigratableDevice> devices, MemoryRegions memory, Optional<DmaLog> containerLog,
    Handover handover) {

  /** The most devices that can migrate together. */
  public static final int MAX_DEVICES = 64;

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if there are no devices or too many
   */
  public DeviceSet {
    devices = List.copyOf(devices);
    if (devices.isEmpty() || devices.size() > MAX_DEVICES) {
      throw new IllegalArgumentException(
          "a migration has from 1 to %d devices, not %d".formatted(MAX_DEVICES, devices.size()));
    }
  }

  /** Returns a set of one device, without memory. */
  public static DeviceSet of(MigratableDevice device) {
    return of(List.of(device));
  }

  /** Returns a set of devices, without memory. */
  public static DeviceSet of(List<? extends MigratableDevice> devices) {
    return new DeviceSet(List.copyOf(devices), MemoryRegions.NONE, Optional.empty(), Handover.NONE);
  }

  /** Returns the same devices with the given memory. */
  public DeviceSet withMemory(MemoryRegions regions) {
    return new DeviceSet(devices, regions, containerLog, handover);
  }

  /** Returns the same set with a container log. */
  public DeviceSet withContainerLog(DmaLog log) {
    return new DeviceSet(devices, memory, Optional.of(log), handover);
  }

  /** Returns the same set with something that moves with the devices. */
  public DeviceSet withHandover(Handover moved) {
    return new DeviceSet(devices, memory, containerLog, moved);
  }
}
