// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.handover.ConnectionImage;
import java.util.Optional;
import java.util.Set;

/** The connection of the VMM, as the control client sees it. Used on the device's thread. */
interface VmmSlot {

  /** Returns whether a VMM is connected, or its connection is staged. */
  boolean isConnected();

  /** Returns whether the connection was released or dropped, and is closed as soon as its thread returns to it. */
  boolean isEnding();

  /** Returns the connection that is served or staged; empty before its VERSION. */
  Optional<VmmConnection> connection();

  /** Returns the indexes of the regions whose memory the VMM has, and may have mapped. */
  Set<Integer> mappedRegions();

  /**
   * Returns the image of the connection, whose messages wait. The connection stays as it is.
   *
   * @throws ErrnoException ENOTCONN without a VMM; others if it cannot be passed on
   */
  ConnectionImage export() throws ErrnoException;

  /**
   * Stages a connection.
   *
   * @param image its descriptors stay the caller's
   * @throws ErrnoException EBUSY if a VMM is connected, EINVAL if the connection does not fit the device
   */
  void stage(ConnectionImage image) throws ErrnoException;

  /** Closes a staged connection, which remains open at the server that it came from. */
  void dropStaged();

  /** Closes the connection, which another server has. */
  void release();

  /** Returns the number of the connection that owns the device, or owned it last; each has a higher one. */
  long epoch();

  /** Returns the replacement of the VMM; empty if no second VMM is admitted. */
  Optional<VmmReplacement> replacement();
}
