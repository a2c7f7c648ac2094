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
 * A workload that records whether it is paused. A migration leaves it paused if its devices run on neither side, which may be
 * resolved later. The states are running and paused; an attempt to pause or resume changes the state even if it fails.
 */
final class PauseTrackingWorkload implements Workload {

  private final Workload workload;
  /** Written by the threads of the migration, read by that of the command. */
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

  /** Returns whether it is paused. */
  boolean isPaused() {
    return paused;
  }

  /**
   * Resumes the workload if it is paused.
   *
   * @param side the side on which its devices run
   * @return why it remains paused, if it does
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
