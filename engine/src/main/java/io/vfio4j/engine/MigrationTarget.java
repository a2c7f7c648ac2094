// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.MigratableDevice;

/** The target's side of a migration. */
public final class MigrationTarget {

  /**
   * Makes a target; nothing happens before {@link #run}.
   *
   * @param device the device that receives the state, in RUNNING; it is not closed
   * @param transport the way to the source; {@link #run} closes it
   * @param options of these, the patience for the source is used
   * @param listener hears what happens
   */
  public MigrationTarget(MigratableDevice device, Transport transport, MigrationOptions options,
      MigrationListener listener) {
  }

  /**
   * Receives the device.
   *
   * @return what was done; the device runs here
   * @throws MigrationException if it failed; the device does not run with the source's state, or the text says so
   */
  public TargetReport run() throws MigrationException {
    throw new UnsupportedOperationException("follows in the next commit");
  }
}
