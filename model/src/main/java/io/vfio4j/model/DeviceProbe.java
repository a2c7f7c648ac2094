// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Access to a device that bypasses what {@link MigratableDevice} checks or hides, for code that tests
 * devices: the conformance suite.
 *
 * <p>
 * A probe implements the nested interfaces of the operations that it supports. None of them is for migrating
 * a device that is in use.
 */
public interface DeviceProbe extends AutoCloseable {

  /** Returns the device. It belongs to the probe, and is a new one after each reopening. */
  MigratableDevice device();

  /** Closes the device. */
  @Override
  void close();

  /** A probe that can close the device and open it again. */
  interface ReopenProbe extends DeviceProbe {

    /**
     * Closes the device and opens it again, without resetting it in between.
     *
     * @throws DeviceException if it cannot be opened again
     */
    void reopen() throws DeviceException;
  }

  /**
   * A probe that can reset the device without fallbacks, where {@link MigratableDevice#reset} may have some.
   */
  interface ResetProbe extends DeviceProbe {

    /**
     * Resets the device.
     *
     * @throws DeviceException if the device failed to reset
     */
    void resetOnly() throws DeviceException;
  }

  /** A probe that can request states by number. */
  interface StateNumberProbe extends DeviceProbe {

    /**
     * Requests the state with a number, valid or not.
     *
     * @param number any 32 bits
     * @throws DeviceException with the errno of the device
     */
    void setState(int number) throws DeviceException;
  }

  /** A probe that can use data sessions that have ended. */
  interface EndedSessionProbe extends DeviceProbe {

    /**
     * Requests bytes of a saving session.
     *
     * @return the number of bytes returned by the device
     * @throws DeviceException with the errno of the device
     */
    long read(MemorySegment into) throws DeviceException;

    /**
     * Sends bytes for a resuming session.
     *
     * @throws DeviceException with the errno of the device
     */
    void write(MemorySegment data) throws DeviceException;
  }

  /** A probe that can access the device's regions, with indexes as in {@code VFIO_PCI_*_REGION_INDEX}. */
  interface RegionProbe extends DeviceProbe {

    /**
     * Reads from a region.
     *
     * @param region the index of the region
     * @param offset offset in the region, in bytes
     * @param into the destination, native memory; its size is that of the access
     * @throws DeviceException with the errno of the device
     */
    void readRegion(int region, long offset, MemorySegment into) throws DeviceException;

    /**
     * Writes to a region.
     *
     * @param region the index of the region
     * @param offset offset in the region, in bytes
     * @param data the data, native memory; its size is that of the access
     * @throws DeviceException with the errno of the device
     */
    void writeRegion(int region, long offset, MemorySegment data) throws DeviceException;
  }

  /** A probe that can access a migration region of version 1, if the device has one. */
  interface MigrationRegionProbe extends DeviceProbe {

    /** Returns the migration region, which belongs to the open device; empty if the device has none. */
    Optional<MigrationRegionAccess> migrationRegion();

    /** Returns whether the region has the capability NDMA. */
    boolean hasNdma();
  }

  /** A probe that can map memory for DMA. */
  interface DmaMemoryProbe extends DeviceProbe {

    /**
     * Maps memory of the probe for DMA. Any earlier mapping of another range is removed.
     *
     * @param range the I/O virtual addresses, whole pages
     * @throws DeviceException if the memory cannot be mapped
     */
    void mapMemory(IovaRange range) throws DeviceException;
  }

  /** A probe that can use the DMA log with arguments that {@link DmaLog} cannot express. */
  interface RawDmaLogProbe extends DeviceProbe {

    /**
     * Starts the log, like {@link DmaLog#start}.
     *
     * @param ranges pairs of IOVA and length, any 64 bits each
     * @param pageSize any 64 bits
     * @return the page size chosen, in bytes
     * @throws DeviceException with the errno of the device
     */
    long startLog(List<long[]> ranges, long pageSize) throws DeviceException;

    /**
     * Reads a report into a bitmap of one page, and discards it.
     *
     * @param iova any 64 bits
     * @param length any 64 bits
     * @param pageSize any 64 bits
     * @throws DeviceException with the errno of the device
     */
    void reportLog(long iova, long length, long pageSize) throws DeviceException;
  }

  /**
   * A probe of a device whose log covers all memory if it is started without ranges, as vfio-user defines;
   * the kernel refuses such a start.
   */
  interface AllMemoryDmaLogProbe extends RawDmaLogProbe {
  }

  /** A probe that observes the states that the device passes through. */
  interface PathProbe extends DeviceProbe {

    /** Returns the states entered since the last call, in order. */
    List<DeviceState> drainPath();
  }
}
