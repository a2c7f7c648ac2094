// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.device;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.StateLayout;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An emulated device.
 *
 * <p>
 * The server calls all methods from one thread, the device's own, so a device needs no locks. A method may
 * block only for DMA; longer work is done in pieces by {@link #runDue}.
 *
 * <p>
 * While a device waits for memory accessed by message, within {@link DmaMemory#read} or
 * {@link DmaMemory#write}, its regions may be read and written, by that thread and within that call: a client
 * whose thread waits for a register may not be able to serve the memory otherwise. A reset aborts such an
 * access with ECONNABORTED, and is called after it.
 */
public interface EmulatedDevice extends AutoCloseable {

  /** Returns the regions and interrupts, which do not change. */
  DeviceDescription description();

  /**
   * Connects the device to memory and interrupts. Called once, before anything but {@link #description} and
   * {@link #features}.
   *
   * @param dma the memory that it can access
   * @param interrupts raises its interrupts
   */
  void attach(DmaMemory dma, Interrupts interrupts);

  /**
   * Reads from a region.
   *
   * @param region the region's index
   * @param offset the first byte; the range is within the region
   * @param into the segment to fill completely
   * @throws ErrnoException if the device refuses
   */
  void readRegion(int region, long offset, MemorySegment into) throws ErrnoException;

  /**
   * Writes to a region.
   *
   * @param region the region's index
   * @param offset the first byte; the range is within the region
   * @param data the bytes
   * @throws ErrnoException if the device refuses
   */
  void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException;

  /**
   * Returns the memory of a region that is mappable according to the description.
   *
   * @param region the region's index
   * @return the file to map from offset 0; stays the device's
   */
  Optional<Fd> regionFile(int region);

  /** Returns the migration features of the device. */
  MigrationFeatures features();

  /** Returns the migration state. */
  DeviceState state();

  /**
   * Moves the device to a migration state.
   *
   * @param target the requested state
   * @return the state reached, and the data session if one was opened
   * @throws TransitionException if it failed
   */
  TransitionResult moveTo(DeviceState target) throws TransitionException;

  /**
   * Sets which DMA stops in RUNNING_P2P and PRE_COPY_P2P; called before the device is moved there. By default
   * only DMA that may be to a peer ({@link DmaMemory#mayBePeer}) stops; NDMA of version 1 requires that all
   * DMA stops. A device that stops all its DMA there in any case ignores this.
   *
   * @param halt whether all DMA stops
   */
  default void haltAllDma(boolean halt) {
    // For a device that always stops all DMA there.
  }

  /** Returns an estimate of the bytes to read in STOP_COPY, if the device can migrate. */
  OptionalLong stopCopyLength();

  /**
   * Returns the layout that another device must have in order to load this device's saved state; empty if not
   * known.
   */
  default Optional<StateLayout> stateLayout() {
    return Optional.empty();
  }

  /**
   * Returns all memories of the state, in order, for a device of another server on this machine that continues
   * to use them ({@link #adoptStateMemory}): then their contents are not copied. Every {@link #regionFile} is
   * among them. The files stay the device's. Empty if the device does not offer this, or not now.
   */
  default List<StateMemoryFile> stateMemory() {
    return List.of();
  }

  /**
   * Sets whether the next saving session omits the contents of {@link #stateMemory}, which go by descriptor.
   * The end of that session clears this. After STOP_COPY with such a session, a reset gives the device new
   * memory, because the former one is another device's, unless the device has run since, or
   * {@link #keepStateMemory} was called.
   *
   * @throws ErrnoException ENOTTY if the device does not offer this, EBUSY while a saving session is open
   */
  default void omitStateMemory(boolean omit) throws ErrnoException {
    if (omit) {
      throw new ErrnoException(Errno.ENOTTY, "the memory of this device does not go by descriptor");
    }
  }

  /** Returns whether a saving session is open that omits the contents of {@link #stateMemory}. */
  default boolean omitsStateMemory() {
    return false;
  }

  /**
   * Keeps the {@link #stateMemory} through a reset, because no other device will use it: the client still has
   * the memory of regions mapped.
   */
  default void keepStateMemory() {
    // It is never given up.
  }

  /**
   * Uses another device's {@link #stateMemory} in place of this one's, in RESUMING. It is not written to until
   * the device leaves STOP for a running state. A reset before, or a new RESUMING, returns to the device's own
   * memory.
   *
   * @param files the files, in order; they remain the caller's
   * @throws ErrnoException ENOTTY if the device does not offer this; EINVAL in another state, or if the number,
   *     a size or the seals of the files are not those of this device's memories; the errno of a mapping.
   *     Nothing has changed then
   */
  default void adoptStateMemory(List<Fd> files) throws ErrnoException {
    throw new ErrnoException(Errno.ENOTTY, "the memory of this device does not go by descriptor");
  }

  /**
   * Returns whether the device uses adopted memory and has not run since: only the owner of its state may let
   * it run, and otherwise it is reset.
   */
  default boolean hasAdoptedMemory() {
    return false;
  }

  /** Resets the device to RUNNING, with its initial content. */
  void reset();

  /**
   * Does the work that is due: timers, traffic, the next piece of a long command.
   *
   * @param now nanoseconds of the server's clock
   * @return when to call again at the latest, by the same clock; a past time if more work is due at once;
   *     {@link Long#MAX_VALUE} if no work is scheduled
   */
  long runDue(long now);

  /** Stops the device and frees its resources. */
  @Override
  void close();
}
