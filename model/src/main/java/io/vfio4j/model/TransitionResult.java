// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.util.Optional;

/**
 * The result of a successful transition.
 *
 * @param state the state reached
 * @param session the data session that began; empty if none began, or one continues
 */
public record TransitionResult(DeviceState state, Optional<DataSession> session) {

  /**
   * Returns the saving session that began.
   *
   * @throws IllegalStateException if none began, which is a defect of the device
   */
  public SavingSession savingSession() {
    if (session.orElse(null) instanceof SavingSession saving) {
      return saving;
    }
    throw new IllegalStateException("no saving session began with the transition to " + state);
  }

  /**
   * Returns the resuming session that began.
   *
   * @throws IllegalStateException if none began, which is a defect of the device
   */
  public ResumingSession resumingSession() {
    if (session.orElse(null) instanceof ResumingSession resuming) {
      return resuming;
    }
    throw new IllegalStateException("no resuming session began with the transition to " + state);
  }
}
