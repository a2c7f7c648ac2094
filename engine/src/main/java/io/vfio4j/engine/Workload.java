// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.io.IOException;

/** What drives the device: the vCPUs of a virtual machine, or any program. */
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
   * Stops driving the device. The switchover, and so the downtime, begins with this call.
   *
   * @throws IOException if it cannot be paused, which undoes the migration; {@link #resume} is called then
   *     too
   */
  void pause() throws IOException;

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
