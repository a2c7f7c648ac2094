// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.Workload;
import io.vfio4j.model.DmaLog;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * A workload that remembers whether it is to be resumed yet: a migration leaves it paused where its devices are in neither
 * place, and where they run may turn out after its end.
 */
final class PauseTrackingWorkload implements Workload {

  private final Workload workload;
  private volatile boolean paused;

  PauseTrackingWorkload(Workload workload) {
    this.workload = workload;
  }

  @Override
  public Optional<DmaLog> dirtyLog() {
    return workload.dirtyLog();
  }

  @Override
  public boolean hasUnloggedWrites() {
    return workload.hasUnloggedWrites();
  }

  @Override
  public void completePageFaults(Duration limit) throws IOException {
    workload.completePageFaults(limit);
  }

  @Override
  public void pause() throws IOException {
    paused = true;
    workload.pause();
  }

  @Override
  public void pause(Duration limit) throws IOException {
    paused = true;
    workload.pause(limit);
  }

  @Override
  public void resume(Side side) throws IOException {
    paused = false;
    workload.resume(side);
  }

  /** Returns whether it was paused and not resumed since. */
  boolean isPaused() {
    return paused;
  }

  /**
   * Resumes it, if it was paused and not resumed since.
   *
   * @param side where its devices run
   * @return why it stays paused, if it does
   */
  Optional<String> resumeIfPaused(Side side) {
    if (!paused) {
      return Optional.empty();
    }
    try {
      resume(side);
      return Optional.empty();
    } catch (IOException | RuntimeException e) {
      return Optional.of(ErrorMessages.describe(e));
    }
  }
}
