// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Ways around what {@link MigratableDevice} checks or hides, for whoever judges a device: the conformance suite.
 *
 * <p>
 * What a probe can do beyond having a device it says by the nested interfaces that it implements. None of this is
 * for moving a device that anybody needs.
 */
public interface DeviceProbe extends AutoCloseable {

  /** Returns the device as it is open now. It is the probe's, and another one after each reopening. */
  MigratableDevice device();

  /** Closes the device. */
  @Override
  void close();

  /** Can close the device and open it again. */
  interface ReopenProbe extends DeviceProbe {

    /**
     * Closes the device and opens it again, without a reset of its own.
     *
     * @throws DeviceException if it cannot be had again
     */
    void reopen() throws DeviceException;
  }

  /** Can reset the device and do nothing else, where the device itself helps out if that is not enough. */
  interface ResetProbe extends DeviceProbe {

    /**
     * Resets the device.
     *
     * @throws DeviceException if the device failed to reset
     */
    void resetOnly() throws DeviceException;
  }

  /** Can ask for states by number. */
  interface StateNumberProbe extends DeviceProbe {

    /**
     * Asks for the state with a number, whether or not there is one.
     *
     * @param number any 32 bits
     * @throws DeviceException what the device answers
     */
    void setState(int number) throws DeviceException;
  }

  /** Can use data sessions whatever the user's side knows of them. */
  interface EndedSessionProbe extends DeviceProbe {

    /**
     * Asks the device for bytes of a saving session.
     *
     * @return how many bytes the device gave
     * @throws DeviceException what the device answers
     */
    long read(MemorySegment into) throws DeviceException;

    /**
     * Gives the device bytes for a resuming session.
     *
     * @throws DeviceException what the device answers
     */
    void write(MemorySegment data) throws DeviceException;
  }

  /** Can access the device's regions, with indexes as in {@code VFIO_PCI_*_REGION_INDEX}. */
  interface RegionProbe extends DeviceProbe {

    /**
     * Reads from a region.
     *
     * @param region the region's index
     * @param offset where to begin, bytes
     * @param into native memory
     * @throws DeviceException what the device answers
     */
    void readRegion(int region, long offset, MemorySegment into) throws DeviceException;

    /**
     * Writes to a region.
     *
     * @param region the region's index
     * @param offset where to begin, bytes
     * @param data native memory
     * @throws DeviceException what the device answers
     */
    void writeRegion(int region, long offset, MemorySegment data) throws DeviceException;
  }

  /** Can access a migration region of version 1, if the device has one. */
  interface MigrationRegionProbe extends DeviceProbe {

    /** Returns the region of the device as it is open now, which is the device's; empty where it has none. */
    Optional<MigrationRegionAccess> migrationRegion();

    /** Tells whether the region has the capability NDMA. */
    boolean hasNdma();
  }

  /** Can give the device memory to write to. */
  interface DmaMemoryProbe extends DeviceProbe {

    /**
     * Lets the device reach memory of the probe's. What was lent before, other than the same range, is taken back.
     *
     * @param range where the device sees it, whole pages
     * @throws DeviceException if it cannot be lent
     */
    void mapMemory(IovaRange range) throws DeviceException;
  }

  /** Can use the DMA log with arguments that {@link DmaLog} has no types for. */
  interface RawDmaLogProbe extends DeviceProbe {

    /**
     * Starts the log, as {@link DmaLog#start} does.
     *
     * @param ranges pairs of IOVA and length, any 64 bits
     * @param pageSize any 64 bits
     * @return the page size chosen
     * @throws DeviceException what the device answers
     */
    long startLog(List<long[]> ranges, long pageSize) throws DeviceException;

    /**
     * Asks for a report into a bitmap of a page's size, and lets go of it.
     *
     * @param iova any 64 bits
     * @param length any 64 bits
     * @param pageSize any 64 bits
     * @throws DeviceException what the device answers
     */
    void reportLog(long iova, long length, long pageSize) throws DeviceException;
  }

  /** Has a log that a start without any range starts for all memory, as vfio-user has it; the kernel refuses that. */
  interface AllMemoryDmaLogProbe extends RawDmaLogProbe {
  }

  /** Can watch the device going from state to state. */
  interface PathProbe extends DeviceProbe {

    /** Returns the states that the device has gone to since this was asked last, in order. */
    List<DeviceState> drainPath();
  }
}
