// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;
import java.time.Duration;

/** Remembers whether the workload is paused, so that it is resumed once and only then. */
final class PausableWorkload {

  private final Workload workload;
  private boolean paused;

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
      throw new WorkloadException("the workload could not complete its I/O page faults: " + Words.of(e), e);
    }
  }

  void pause() throws WorkloadException {
    paused = true; // Even if it fails half-way, it has to be resumed.
    try {
      workload.pause();
    } catch (IOException e) {
      throw new WorkloadException("the workload could not be paused: " + Words.of(e), e);
    }
  }

  void resume(Side side) throws IOException {
    if (paused) {
      paused = false;
      workload.resume(side);
    }
  }
}
