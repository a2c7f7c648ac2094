// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;

/** The way to a device that has a migration region of version 1: what a user of VFIO can do with it. */
public interface MigrationRegionAccess extends AutoCloseable {

  /** Returns the bytes of the region. */
  long size();

  /**
   * Reads from the region, in one access.
   *
   * @param offset where in the region
   * @param into where to, native memory
   * @throws DeviceException with the device's errno if it refused or failed
   */
  void read(long offset, MemorySegment into) throws DeviceException;

  /**
   * Writes to the region, in one access.
   *
   * @param offset where in the region
   * @param data what, native memory
   * @throws DeviceException with the device's errno if it refused or failed
   */
  void write(long offset, MemorySegment data) throws DeviceException;

  /**
   * Resets the device (VFIO_DEVICE_RESET).
   *
   * @throws DeviceException if it failed
   */
  void reset() throws DeviceException;

  /** Lets go of the device. */
  @Override
  void close();
}
