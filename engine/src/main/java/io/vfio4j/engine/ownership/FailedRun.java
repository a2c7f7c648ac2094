// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.ownership;

import io.vfio4j.engine.Phase;
import io.vfio4j.engine.connection.StreamConnection;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.Exceptions;

/**
 * A run that has failed, at the start of its recovery: {@link Phase.Aborting} has been entered, and listeners can no longer
 * fail the run. Later errors are suppressed in the cause.
 *
 * @param phase the phase in which it failed
 * @param cause what failed
 * @param suppressedBefore how many errors the cause had suppressed before the recovery
 */
public record FailedRun(Phase phase, Throwable cause, int suppressedBefore) {

  /** Begins the recovery of a run over a connection, whose peer may have sent the reason for a broken connection. */
  public static FailedRun begin(PhaseTracker tracker, Throwable failure, StreamConnection connection) {
    boolean mayHaveReason = FailureOrigin.of(failure) == FailureOrigin.CONNECTION;
    tracker.ignoreListenerFailures();
    return begin(tracker, mayHaveReason ? connection.explainFailure(failure) : failure);
  }

  /** Begins the recovery of a run. */
  public static FailedRun begin(PhaseTracker tracker, Throwable cause) {
    tracker.ignoreListenerFailures();
    Phase phase = tracker.phase();
    tracker.enter(new Phase.Aborting(Exceptions.message(cause)), Exceptions.message(cause));
    return new FailedRun(phase, cause, cause.getSuppressed().length);
  }

  /** Returns the phase and the cause, which is how every message of a failed run begins. */
  public String message() {
    return "%s: %s.".formatted(phase.title(), Exceptions.message(cause));
  }

  /** Returns why devices could not be reset or rolled back during the recovery. */
  public String deviceReasons() {
    return Exceptions.deviceReasons(cause, suppressedBefore);
  }
}
