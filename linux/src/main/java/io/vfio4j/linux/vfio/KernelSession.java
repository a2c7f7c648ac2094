// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;

/** A data session and its descriptor, the kernel's {@code data_fd}. */
abstract sealed class KernelSession permits KernelSavingSession, KernelResumingSession {

  private final KernelMigration migration;
  private final VfioFile file;
  /** Set by the thread that drives the device, and never cleared. */
  private volatile boolean ended;

  KernelSession(KernelMigration migration, VfioFile file) {
    this.migration = migration;
    this.file = file;
  }

  abstract DataSession dataSession();

  abstract boolean isValidIn(DeviceState state);

  final KernelMigration migration() {
    return migration;
  }

  final VfioFile file() {
    return file;
  }

  /**
   * Ends the session, since the device has left the states that it is valid in. The descriptor remains open,
   * but useless.
   */
  final void end() {
    ended = true;
  }

  final void checkOpen(String action) throws DeviceException {
    if (ended) {
      throw new DeviceException(file.device(), action, Errno.ENODEV);
    }
  }

  final DeviceException failure(String action, long result) {
    return new DeviceException(file.device(), action, new Errno((int) -result));
  }

  /** Ends the session and closes its descriptor. */
  public final void close() {
    end();
    file.close();
  }
}
