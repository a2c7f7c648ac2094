// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;

/** Serves one or several devices to clients. */
public sealed interface DeviceServer extends AutoCloseable permits VfioUserServer, MultiDeviceServer {

  /**
   * Serves until {@link #stop} is called.
   *
   * @throws LinuxException if clients cannot be accepted
   * @throws IllegalStateException if the server ran before, or is closed
   */
  void run() throws LinuxException;

  /** Ends {@link #run} and disconnects all clients. From any thread; does not wait. */
  void stop();

  /** Stops the server and removes its socket. */
  @Override
  void close();
}
