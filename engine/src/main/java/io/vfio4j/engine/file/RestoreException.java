// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.file;

import io.vfio4j.engine.Phase;
import org.jspecify.annotations.Nullable;

/**
 * A state could not be restored. The message says what failed and where the devices are now; the cause is the original
 * error, and what went wrong while putting things in order is suppressed in it. The file is as it was.
 */
public final class RestoreException extends Exception {

  private static final long serialVersionUID = 1;

  private final transient Phase phase;
  private final Result result;

  /** What became of the devices, of the one that fared worst. */
  public enum Result {
    /** None was touched. */
    UNTOUCHED,
    /** They were reset, and run without the state. */
    RESET,
    /** They could not all be reset, but none runs with the state. */
    NOT_RUNNING,
    /** They could not all be reset, and whether they run is unknown. */
    UNSURE
  }

  RestoreException(Phase phase, Result result, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.phase = phase;
    this.result = result;
  }

  /** Returns where it failed. */
  public Phase phase() {
    return phase;
  }

  /** Returns what became of the devices. */
  public Result result() {
    return result;
  }
}
