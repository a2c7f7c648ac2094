// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device whose state can be moved elsewhere: a kernel device, one served by another process, or an emulated
 * one.
 *
 * <p>
 * The protocol is version 2 of the VFIO migration interface (uapi/linux/vfio.h,
 * {@code VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE}). All calls block until the device has answered. Unless an
 * implementation says otherwise, one thread at a time drives a device.
 */
public interface MigratableDevice extends AutoCloseable {

  /** Returns what the device says it is. */
  DeviceIdentity identity();

  /** Returns what the device can do of migration; fixed while it is open. */
  MigrationFeatures features();

  /**
   * Returns the state in which the device is now.
   *
   * @throws DeviceException if the device does not answer
   */
  DeviceState state() throws DeviceException;

  /**
   * Moves the device to a state, by way of the states that the protocol puts between.
   *
   * <p>
   * A move to the state that the device is in succeeds and does nothing.
   *
   * @param target where to
   * @return where the device is now, which is {@code target}, and the data session if one began
   * @throws TransitionException if the device refused or failed; it tells the state reached and what can be
   *     done
   * @throws DeviceLostException if the device is gone, so that nobody can tell its state
   * @throws DeviceException for other failures
   */
  TransitionResult moveTo(DeviceState target) throws DeviceException;

  /**
   * Resets the device, which ends every data session. It is in RUNNING then, without the state that it had.
   *
   * @throws DeviceException if the device failed to reset
   */
  void reset() throws DeviceException;

  /**
   * Returns the device's estimate of the bytes to read in STOP_COPY
   * ({@code VFIO_DEVICE_FEATURE_MIG_DATA_SIZE}).
   *
   * @return bytes, or empty where the device gives no estimate
   * @throws DeviceException if the device does not answer
   */
  OptionalLong stopCopyLength() throws DeviceException;

  /** Returns the log of memory that the device writes by DMA, or empty where it has none. */
  Optional<DmaLog> dmaLog();

  /**
   * Returns how the device's state is cut into segments; fixed while it is open.
   *
   * @return empty for a device with version 2, whose state is a stream of bytes and nothing else
   */
  default Optional<Segmentation> segmentation() {
    return Optional.empty();
  }

  /**
   * Returns what the device's saved state has to agree with before another device takes it.
   *
   * @return empty for a device that does not say
   * @throws DeviceException if the device does not answer
   */
  default Optional<StateLayout> stateLayout() throws DeviceException {
    return Optional.empty();
  }

  /** Lets go of the device. What becomes of its state is the implementation's to say. */
  @Override
  void close();
}
