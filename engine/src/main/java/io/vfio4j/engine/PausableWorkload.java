// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Remembers whether the workload is paused, so that it is resumed once and only then. */
final class PausableWorkload {

  private final Workload workload;
  private boolean paused;
  private @Nullable Throwable resumeFailure;

  PausableWorkload(Workload workload) {
    this.workload = workload;
  }

  Workload workload() {
    return workload;
  }

  void completePageFaults(Duration limit) throws WorkloadException {
    try {
      workload.completePageFaults(limit);
    } catch (IOException e) {
      throw new WorkloadException(
          "the workload could not complete its I/O page faults: " + Suppression.message(e), e);
    }
  }

  void pause(Duration limit) throws WorkloadException {
    paused = true; // Even if it fails half-way, it has to be resumed.
    try {
      workload.pause(limit);
    } catch (IOException e) {
      throw new WorkloadException("the workload could not be paused: " + Suppression.message(e), e);
    }
  }

  void resume(Side side) throws IOException {
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

  /** Returns why it did not resume, so that it stays paused; empty if it did, or was not to. */
  Optional<String> resumeFailure() {
    return Optional.ofNullable(resumeFailure).map(Suppression::message);
  }
}
