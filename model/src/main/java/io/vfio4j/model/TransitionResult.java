// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Optional;

/**
 * What a successful move led to.
 *
 * @param state where the device is now
 * @param session the data session that began with the move; empty where none began or where one goes on
 */
public record TransitionResult(DeviceState state, Optional<DataSession> session) {

  /**
   * Returns the saving session that began.
   *
   * @throws IllegalStateException if none did, which is a fault of the device
   */
  public SavingSession savingSession() {
    if (session.orElse(null) instanceof SavingSession saving) {
      return saving;
    }
    throw new IllegalStateException("no saving session began with the move to " + state);
  }

  /**
   * Returns the resuming session that began.
   *
   * @throws IllegalStateException if none did, which is a fault of the device
   */
  public ResumingSession resumingSession() {
    if (session.orElse(null) instanceof ResumingSession resuming) {
      return resuming;
    }
    throw new IllegalStateException("no resuming session began with the move to " + state);
  }
}
