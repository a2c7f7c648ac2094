// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The registers of a device.
 *
 * @param device the device
 * @param region the region of the registers
 */
record RegionRegisters(KernelDevice device, int region) {

  int readByte(long offset) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(1);
      device.regions().read(region, offset, value);
      return Byte.toUnsignedInt(value.get(ValueLayout.JAVA_BYTE, 0));
    }
  }

  void writeByte(long offset, int value) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      device.regions().write(region, offset, arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) value));
    }
  }

  int read(long offset) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      device.regions().read(region, offset, value);
      return value.get(ValueLayout.JAVA_INT, 0);
    }
  }

  void write(long offset, int value) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      device.regions().write(region, offset, arena.allocateFrom(ValueLayout.JAVA_INT, value));
    }
  }
}
