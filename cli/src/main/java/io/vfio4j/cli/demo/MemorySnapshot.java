// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.demo;

import io.vfio4j.model.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** A copy of a device's internal memory. */
final class MemorySnapshot implements MemoryComparison.Memory, AutoCloseable {

  private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long CHUNK = 1 << 20;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment copy;

  /**
   * Reads the memory of a device.
   *
   * @param size its size in bytes
   */
  MemorySnapshot(GuestDevice device, long size) throws DeviceException {
    copy = arena.allocate(size, Long.BYTES);
    try {
      for (long at = 0; at < size; at += CHUNK) {
        device.readMemory(at, copy.asSlice(at, Math.min(CHUNK, size - at)));
      }
    } catch (DeviceException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Applies a write to the memory. */
  void putLong(long offset, long value) {
    copy.set(U64, offset, value);
  }

  @Override
  public void readMemory(long offset, MemorySegment into) {
    into.copyFrom(copy.asSlice(offset, into.byteSize()));
  }

  @Override
  public void close() {
    arena.close();
  }
}
