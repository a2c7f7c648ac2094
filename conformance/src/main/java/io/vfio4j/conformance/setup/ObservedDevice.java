// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.setup;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.MigratableDevice;

/**
 * A device that a VMM may be using, through a second connection to its server, the control socket
 * (docs/control-socket.md).
 */
public interface ObservedDevice extends AutoCloseable {

  /** Returns the device. It belongs to this connection, and is a new one after each {@link #reopen}. */
  MigratableDevice device();

  /**
   * Asks who uses the device.
   *
   * @throws DeviceException if the server does not answer
   */
  DeviceUse use() throws DeviceException;

  /**
   * Queries all regions and interrupts.
   *
   * @throws DeviceException with the errno of the device
   */
  DeviceInfos infos() throws DeviceException;

  /**
   * Reads the config space.
   *
   * @return its content, at least 64 bytes
   * @throws DeviceException with the errno of the device
   */
  byte[] configSpace() throws DeviceException;

  /**
   * Connects once more while this connection is open, and disconnects again.
   *
   * @throws DeviceException EBUSY if the server refuses a second connection, as it should
   */
  void connectTwice() throws DeviceException;

  /**
   * Disconnects and connects again.
   *
   * @throws DeviceException if the server does not accept another connection
   */
  void reopen() throws DeviceException;

  /** Disconnects. */
  @Override
  void close();
}
