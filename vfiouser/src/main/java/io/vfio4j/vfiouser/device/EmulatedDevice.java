// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.StateLayout;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device made of software.
 *
 * <p>
 * Whoever serves a device calls all of its methods from one thread, the device's own, so that a device needs no
 * locks. None of them may wait for anything but DMA: what takes longer is done in pieces by {@link #runDue}.
 *
 * <p>
 * While a device waits for memory that the client keeps to itself, within {@link DmaMemory#read} or
 * {@link DmaMemory#write}, its regions may be read and written all the same, by that thread and within that call: a
 * client that waits for a register might have nobody else to hand the memory over. A reset makes such an access fail
 * with ECONNABORTED, and comes after the call.
 */
public interface EmulatedDevice extends AutoCloseable {

  /** Returns regions and interrupts, fixed for the device's life. */
  DeviceDescription description();

  /**
   * Gives the device its way to memory and interrupts; called once, before anything else but
   * {@link #description} and {@link #features}.
   *
   * @param dma memory that it may reach
   * @param interrupts how it raises them
   */
  void attach(DmaMemory dma, Interrupts interrupts);

  /**
   * Reads from a region.
   *
   * @param region the region's index
   * @param offset where to begin, bytes; offset and length lie within the region
   * @param into where to put the bytes, all of which are set
   * @throws ErrnoException if the device refuses
   */
  void readRegion(int region, long offset, MemorySegment into) throws ErrnoException;

  /**
   * Writes to a region.
   *
   * @param region the region's index
   * @param offset where to begin, bytes; offset and length lie within the region
   * @param data the bytes
   * @throws ErrnoException if the device refuses
   */
  void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException;

  /**
   * Returns the memory behind a region that the description calls mappable.
   *
   * @param region the region's index
   * @return the file to map from offset 0 on, which stays the device's
   */
  Optional<Fd> regionFile(int region);

  /** Returns what the device can do of migration. */
  MigrationFeatures features();

  /** Returns the migration state. */
  DeviceState state();

  /**
   * Moves the device to a migration state.
   *
   * @param target where to
   * @return where the device is now, and the data session if one began
   * @throws TransitionException if it failed
   */
  TransitionResult moveTo(DeviceState target) throws TransitionException;

  /**
   * Says how quiet the device has to be in RUNNING_P2P and PRE_COPY_P2P, called before it is moved there: whether it
   * may start no DMA at all, which is what NDMA says in version 1, or, as a device is to take it until it is told,
   * none that may be to a peer ({@link DmaMemory#mayBePeer}). A device that stops all its DMA there anyway has nothing
   * to do.
   *
   * @param halt whether all DMA is to stop
   */
  default void haltAllDma(boolean halt) {
    // As for a device that makes no difference.
  }

  /** Returns an estimate of the bytes to read in STOP_COPY, if the device can migrate. */
  OptionalLong stopCopyLength();

  /** Returns what the device's saved state has to agree with before another device takes it; empty if that is not known. */
  default Optional<StateLayout> stateLayout() {
    return Optional.empty();
  }

  /** Resets the device: RUNNING, with the content that it had when it was made. */
  void reset();

  /**
   * Does what is due: timers, traffic, the next piece of a long command.
   *
   * @param now nanoseconds of the server's clock
   * @return when to call again at the latest, by the same clock; a time that has passed if there is more to do at
   *     once; {@link Long#MAX_VALUE} if nothing is planned
   */
  long runDue(long now);

  /** Ends the device and frees what it holds. */
  @Override
  void close();
}
