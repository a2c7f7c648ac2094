// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.MigratableDevice;

/** The source's side of a migration. */
public final class MigrationSource {

  /**
   * Makes a source; nothing happens before {@link #run}.
   *
   * @param device the device that leaves, in RUNNING; it is not closed
   * @param transport the way to the target; {@link #run} closes it
   * @param options how to do it
   * @param workload what drives the device
   * @param listener hears what happens
   */
  public MigrationSource(MigratableDevice device, Transport transport, MigrationOptions options, Workload workload,
      MigrationListener listener) {
  }

  /**
   * Moves the device.
   *
   * @return what was done; the device runs at the target, and this one is in STOP
   * @throws MigrationException if it failed; it says where the device is now
   */
  public MigrationReport run() throws MigrationException {
    throw new UnsupportedOperationException("follows in the next commit");
  }
}
