// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Access to a device's regions, as bytes and as little-endian registers. */
public interface RegisterAccess {

  /**
   * Reads from a region.
   *
   * @param region the region's index
   * @param offset where to begin, bytes
   * @param into native memory for the bytes
   * @throws DeviceException EINVAL outside the region
   */
  void readRegion(int region, long offset, MemorySegment into) throws DeviceException;

  /**
   * Writes to a region, and waits until the device has handled the write.
   *
   * @param region the region's index
   * @param offset where to begin, bytes
   * @param data the bytes, in native memory
   * @throws DeviceException EINVAL outside the region
   */
  void writeRegion(int region, long offset, MemorySegment data) throws DeviceException;

  /**
   * Reads a 32-bit register.
   *
   * @throws DeviceException as {@link #readRegion}
   */
  default int readInt(int region, long offset) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      readRegion(region, offset, value);
      return value.get(LittleEndian.U32, 0);
    }
  }

  /**
   * Reads a 64-bit register.
   *
   * @throws DeviceException as {@link #readRegion}
   */
  default long readLong(int region, long offset) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
      readRegion(region, offset, value);
      return value.get(LittleEndian.U64, 0);
    }
  }

  /**
   * Writes a 32-bit register.
   *
   * @throws DeviceException as {@link #writeRegion}
   */
  default void writeInt(int region, long offset, int value) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(ValueLayout.JAVA_INT);
      data.set(LittleEndian.U32, 0, value);
      writeRegion(region, offset, data);
    }
  }

  /**
   * Writes a 64-bit register.
   *
   * @throws DeviceException as {@link #writeRegion}
   */
  default void writeLong(int region, long offset, long value) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(ValueLayout.JAVA_LONG);
      data.set(LittleEndian.U64, 0, value);
      writeRegion(region, offset, data);
    }
  }
}
