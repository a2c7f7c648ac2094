// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;

/** Remembers whether the workload is paused, so that it is resumed once and only then. */
final class PausableWorkload {

  private final Workload workload;
  private boolean paused;

  PausableWorkload(Workload workload) {
    this.workload = workload;
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
