// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.Phase;
import org.jspecify.annotations.Nullable;

/**
 * A state could not be restored. The message reports what failed and the current state of the devices; the cause is the
 * original error, in which failures of the recovery are suppressed. The file is unchanged.
 */
public final class RestoreException extends Exception {

  private static final long serialVersionUID = 1;

  private final transient Phase phase;
  private final Result result;

  /** The outcome of the devices: the worst of all. */
  public enum Result {
    /** None was touched. */
    UNTOUCHED,
    /** All were reset, and run without the state. */
    RESET,
    /** Not all could be reset, but none runs with the state. */
    NOT_RUNNING,
    /** Not all could be reset, and whether they run is unknown. */
    UNSURE
  }

  RestoreException(Phase phase, Result result, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.phase = phase;
    this.result = result;
  }

  /** Returns the phase in which it failed. */
  public Phase phase() {
    return phase;
  }

  public Result result() {
    return result;
  }
}
