// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.DmaLog;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** What drives the devices: the vCPUs of a virtual machine, or any program. */
public interface Workload {

  /** There is none, or it takes care of itself. */
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
   * Returns the log of what the workload itself writes to memory, by the addresses that the devices use; empty where it
   * writes nothing, or no memory moves. It is used by the thread that runs the migration.
   */
  default Optional<DmaLog> dirtyLog() {
    return Optional.empty();
  }

  /**
   * Tells whether the workload writes to memory and nobody logs that: all memory is dirty in each round then, and nearly
   * all of it has to be sent while everything stands still.
   */
  default boolean hasUnloggedWrites() {
    return false;
  }

  /**
   * Completes the I/O page faults that are in flight. It is called where all devices are in their grace states and the
   * workload still runs, as it has to for that; a workload without such faults has nothing to do.
   *
   * @param limit how long it may take
   * @throws IOException if they cannot be completed, which undoes the migration
   */
  default void completePageFaults(Duration limit) throws IOException {
    // Most workloads have no I/O page faults.
  }

  /**
   * Stops driving the devices. The switchover, and so the downtime, begins with this call.
   *
   * @throws IOException if it cannot be paused, which undoes the migration; {@link #resume} is called then
   *     too
   */
  void pause() throws IOException;

  /**
   * Stops driving the devices, as {@link #pause()}, where that has a limit: how long the downtime may last that begins
   * with this call. A workload that waits for somebody else ends the waiting then.
   *
   * @param limit how long it may take; more than 0
   * @throws IOException as {@link #pause()}, or if the limit has passed
   */
  default void pause(Duration limit) throws IOException {
    pause();
  }

  /**
   * Goes on driving the device. It is called once after {@link #pause}: with {@link Side#TARGET} after the
   * handover, with {@link Side#SOURCE} when the source is back in RUNNING with its state. Where the device
   * is in neither place, the workload stays paused, and the {@link MigrationException} tells its owner why.
   *
   * @param side where the device runs
   * @throws IOException if it cannot go on; the device stays where it is, and the report or exception says so
   */
  void resume(Side side) throws IOException;
}
