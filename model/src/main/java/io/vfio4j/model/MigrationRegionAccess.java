// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;

/** Access to a device through its migration region of version 1, as a user of VFIO has it. */
public interface MigrationRegionAccess extends AutoCloseable {

  /** Returns the size of the region, in bytes. */
  long size();

  /**
   * Reads from the region, in one access.
   *
   * @param offset offset in the region, in bytes
   * @param into the destination, native memory; its size is that of the access
   * @throws DeviceException with the errno of the device if it refused or failed
   */
  void read(long offset, MemorySegment into) throws DeviceException;

  /**
   * Writes to the region, in one access.
   *
   * @param offset offset in the region, in bytes
   * @param data the data, native memory; its size is that of the access
   * @throws DeviceException with the errno of the device if it refused or failed
   */
  void write(long offset, MemorySegment data) throws DeviceException;

  /**
   * Resets the device (VFIO_DEVICE_RESET).
   *
   * @throws DeviceException if the reset failed
   */
  void reset() throws DeviceException;

  /** Closes the device. */
  @Override
  void close();
}
