// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.engine.memory.MemoryRegions;
import io.vfio4j.model.DmaLog;
import io.vfio4j.model.MigratableDevice;
import java.util.List;
import java.util.Optional;

/**
 * What moves together: devices, which may talk to each other, and the memory that they write to. The order of the
 * devices is that of the other side's; regions of memory are known by their names.
 *
 * @param devices at least one and at most {@value #MAX_DEVICES}; a migration does not close them
 * @param memory all of it that is to arrive at the target; none where both sides see the same
 * @param containerLog the log of what is written through the container's mappings, for devices that have none of their
 *     own; used at the source only, in the thread that runs the migration
 */
public record DeviceSet(List<MigratableDevice> devices, MemoryRegions memory, Optional<DmaLog> containerLog) {

  /** More devices do not move together. */
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
          "from 1 to %d devices move together, and these are %d".formatted(MAX_DEVICES, devices.size()));
    }
  }

  /** Returns a single device. */
  public static DeviceSet of(MigratableDevice device) {
    return of(List.of(device));
  }

  /** Returns devices without memory. */
  public static DeviceSet of(List<? extends MigratableDevice> devices) {
    return new DeviceSet(List.copyOf(devices), MemoryRegions.NONE, Optional.empty());
  }

  /** Returns the same devices with memory. */
  public DeviceSet withMemory(MemoryRegions regions) {
    return new DeviceSet(devices, regions, containerLog);
  }

  /** Returns the same with a log of the container. */
  public DeviceSet withContainerLog(DmaLog log) {
    return new DeviceSet(devices, memory, Optional.of(log));
  }
}
