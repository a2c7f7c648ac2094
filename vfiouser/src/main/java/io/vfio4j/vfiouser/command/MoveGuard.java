// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ErrnoException;

/** Permits and observes the moves of a device by one of its clients. */
public interface MoveGuard {

  /**
   * Called before the device is moved.
   *
   * @throws ErrnoException if this client must not move it
   */
  void beforeMove(DeviceState target) throws ErrnoException;

  /**
   * Called before the device's state is read or written.
   *
   * @throws ErrnoException ESTALE if the device has left the state that the client moved it to
   */
  default void beforeData() throws ErrnoException {
    // The state machine of the device decides.
  }

  /** Called when the device was moved, or a move has failed. */
  void onMoved();

  /** Called before the device is reset. */
  default void beforeReset() {
    // Nothing to prepare.
  }

  /** Called when the device was reset. */
  void onReset();
}
