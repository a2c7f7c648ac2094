// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device whose state can be migrated: a kernel device, a device served by another process, or an emulated
 * device.
 *
 * <p>
 * The interface is version 2 of the VFIO migration protocol (uapi/linux/vfio.h, {@code
 * VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE}). All calls block until the device has answered. Unless an
 * implementation says otherwise, a device is used by one thread at a time.
 */
public interface MigratableDevice extends AutoCloseable {

  /** Returns the identity of the device. */
  DeviceIdentity identity();

  /** Returns the migration features of the device, which do not change while it is open. */
  MigrationFeatures features();

  /**
   * Returns the current state of the device.
   *
   * @throws DeviceException if the device does not answer
   */
  DeviceState state() throws DeviceException;

  /**
   * Moves the device to a state, through the intermediate states that the protocol defines.
   *
   * <p>
   * A request for the current state succeeds and does nothing.
   *
   * @param target the state to reach
   * @return the state reached, which is {@code target}, and the data session that began, if any
   * @throws TransitionException if the device refused or failed; it contains the state reached and the
   *     possible remedies
   * @throws DeviceLostException if the device is lost and its state therefore unknown
   * @throws DeviceException for other failures
   */
  TransitionResult moveTo(DeviceState target) throws DeviceException;

  /**
   * Resets the device. This ends every data session and discards the device's state; the device is in RUNNING
   * then.
   *
   * @throws DeviceException if the device failed to reset
   */
  void reset() throws DeviceException;

  /**
   * Returns the device's estimate of the length of the data read in STOP_COPY ({@code
   * VFIO_DEVICE_FEATURE_MIG_DATA_SIZE}).
   *
   * @return bytes; empty if the device gives no estimate
   * @throws DeviceException if the device does not answer
   */
  OptionalLong stopCopyLength() throws DeviceException;

  /** Returns the log of memory that the device writes by DMA; empty if it has none. */
  Optional<DmaLog> dmaLog();

  /**
   * Returns how the device's state is divided into segments, which does not change while it is open.
   *
   * @return empty for a device with version 2, whose state is a plain stream of bytes
   */
  default Optional<Segmentation> segmentation() {
    return Optional.empty();
  }

  /**
   * Returns the layout of the device's saved state, which must match that of the device that loads it.
   *
   * @return empty if the device does not report a layout
   * @throws DeviceException if the device does not answer
   */
  default Optional<StateLayout> stateLayout() throws DeviceException {
    return Optional.empty();
  }

  /** Closes the device. What happens to its state depends on the implementation. */
  @Override
  void close();
}
