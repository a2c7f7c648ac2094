// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DeviceState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A migration failed. The message says what failed, where the devices are now, and what can be done; the
 * cause is the original error, and what went wrong while putting things in order is suppressed in it.
 */
public final class MigrationException extends Exception {

  private static final long serialVersionUID = 1;

  private final Side side;
  private final transient Phase phase;
  private final Outcome outcome;
  private final @Nullable DeviceState sourceState;
  private final String targetFate;

  /**
   * Makes an exception.
   *
   * @param side who tells
   * @param phase where that side was
   * @param outcome what became of the source
   * @param sourceState where the source's device is, null if nobody can tell
   * @param targetFate what became of the target, for people
   * @param message the whole text
   * @param cause what failed
   */
  public MigrationException(Side side, Phase phase, Outcome outcome, @Nullable DeviceState sourceState,
      String targetFate, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.side = side;
    this.phase = phase;
    this.outcome = outcome;
    this.sourceState = sourceState;
    this.targetFate = targetFate;
  }

  /** Returns the side that tells. */
  public Side side() {
    return side;
  }

  /** Returns the phase in which that side was when it failed. */
  public Phase phase() {
    return phase;
  }

  /** Returns what became of the source. */
  public Outcome outcome() {
    return outcome;
  }

  /** Returns where the source's device is; empty where nobody can tell, or where the target's side tells. */
  public Optional<DeviceState> sourceState() {
    return Optional.ofNullable(sourceState);
  }

  /** Returns what became of the target, for people. */
  public String targetFate() {
    return targetFate;
  }
}
