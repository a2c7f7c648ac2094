// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import io.vfio4j.model.MigratableDevice;

/** A migration with both sides in this process. */
public final class LocalMigration {

  private LocalMigration() {
  }

  /**
   * Moves a device. The source's side runs in the calling thread, the target's in one of its own.
   *
   * @param source the device that leaves, in RUNNING; it is not closed
   * @param target the device that receives its state, in RUNNING; it is not closed
   * @param options how to do it
   * @param workload what drives the device
   * @param listener hears what happens on both sides, one event at a time
   * @return what was done
   * @throws MigrationException if it failed; what the target says is suppressed in it
   */
  public static MigrationReport run(MigratableDevice source, MigratableDevice target, MigrationOptions options,
      Workload workload, MigrationListener listener) throws MigrationException {
    throw new UnsupportedOperationException("follows in the next commit");
  }
}
