// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DmaLog;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * The program that drives the devices, such as the vCPUs of a virtual machine. A migration calls {@link
 * #completePageFaults}, {@link #pause(Duration)} and {@link #resume} in this order, each at most once per
 * attempt to stop the devices.
 */
public interface Workload {

  /** No workload, or one that needs no pause. */
  Workload NONE = new Workload() {
    @Override
    public void pause() {
      // Nothing to pause.
    }

    @Override
    public void resume(Side side) {
      // Nothing to resume.
    }
  };

  /**
   * Returns the log of the workload's own writes to memory, by the addresses that the devices use; empty if
   * it writes nothing, or no memory migrates. Used only by the thread that runs the migration.
   */
  default Optional<DmaLog> dirtyLog() {
    return Optional.empty();
  }

  /**
   * Returns whether the workload writes to memory without a log: then all memory counts as dirty in every
   * round, and nearly all of it must be sent during the downtime.
   */
  default boolean hasUnloggedWrites() {
    return false;
  }

  /**
   * Completes the I/O page faults that are in flight. Called while all devices are in their P2P states and
   * the workload still runs, which completing them requires. The default has nothing to do.
   *
   * @param limit the timeout
   * @throws IOException if they cannot be completed; the migration is rolled back
   */
  default void completePageFaults(Duration limit) throws IOException {
    // Most workloads have no I/O page faults.
  }

  /**
   * Stops driving the devices. The switchover, and with it the downtime, begins with this call.
   *
   * @throws IOException if it cannot be paused; the migration is rolled back, and {@link #resume} is called
   *     as well
   */
  void pause() throws IOException;

  /**
   * Stops driving the devices, as {@link #pause()}, within the maximum downtime. A workload that depends on
   * another program stops waiting when the limit expires.
   *
   * @param limit the timeout, more than 0
   * @throws IOException as {@link #pause()}, or if the limit expired
   */
  default void pause(Duration limit) throws IOException {
    pause();
  }

  /**
   * Resumes driving the devices. Called once after {@link #pause}: with {@link Side#TARGET} after the
   * handover, or with {@link Side#SOURCE} once the source is back in RUNNING with its state. If the devices
   * run on neither side, the workload stays paused, and the {@link MigrationException} explains why.
   *
   * @param side where the devices run
   * @throws IOException if it cannot resume; the devices stay where they are, and the report or exception
   *     contains the error
   */
  void resume(Side side) throws IOException;
}
