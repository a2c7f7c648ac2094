// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.device;

import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.engine.progress.PhaseTracker;
import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A workload and whether it is paused: every pause is followed by exactly one resume. A step between the
 * pause and the stop of the devices belongs into {@link Quiescence}, which calls {@link #pause}. Used by the
 * coordinating thread.
 */
public final class PausableWorkload {

  private final Workload workload;
  private boolean paused;
  private @Nullable Throwable resumeFailure;

  public PausableWorkload(Workload workload) {
    this.workload = workload;
  }

  public Workload workload() {
    return workload;
  }

  void completePageFaults(Duration limit) throws WorkloadException {
    try {
      workload.completePageFaults(limit);
    } catch (IOException e) {
      throw new WorkloadException(
          "the workload could not complete its I/O page faults: " + Exceptions.message(e), e);
    }
  }

  void pause(Duration limit) throws WorkloadException {
    paused = true; // Even a failed pause may have stopped a part of the workload.
    try {
      workload.pause(limit);
    } catch (IOException e) {
      throw new WorkloadException("the workload could not be paused: " + Exceptions.message(e), e);
    }
  }

  public void resume(Side side) throws IOException {
    if (paused) {
      paused = false;
      try {
        workload.resume(side);
      } catch (IOException | RuntimeException | Error e) {
        resumeFailure = e;
        throw e;
      }
    }
  }

  /** Returns why it did not resume and stays paused; empty if it resumed or was not to. */
  public void tryResume(Side side, Throwable cause) {
    try {
      resume(side);
    } catch (IOException | RuntimeException | Error e) {
      Exceptions.suppress(cause, e);
    }
  }

  /** Resumes the workload; an error of the workload becomes a note, since it no longer fails the run. */
  public void tryResume(Side side, PhaseTracker tracker) {
    try {
      resume(side);
    } catch (IOException | RuntimeException | Error e) {
      tracker.note("the workload did not resume and stays paused: " + Exceptions.message(e));
    }
  }

  /** Returns why it did not resume, so that it stays paused; empty if it did, or was not to. */
  public Optional<String> resumeFailure() {
    return Optional.ofNullable(resumeFailure).map(Exceptions::message);
  }
}
