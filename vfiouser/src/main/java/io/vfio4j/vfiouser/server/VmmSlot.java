// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import java.util.Optional;

/** The connection of the VMM, as the control client sees it. Used on the device's thread. */
interface VmmSlot {

  /** Returns whether a VMM is connected, or its connection is staged. */
  boolean isConnected();

  /** Returns the connection that is served or staged; empty before its VERSION. */
  Optional<VmmConnection> connection();

  /** Closes a staged connection, which remains open at the server that it came from. */
  void dropStaged();

  /** Closes the connection, which another server has. */
  void release();
}
