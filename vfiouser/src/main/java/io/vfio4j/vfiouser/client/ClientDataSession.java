// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;

/**
 * A data session of a served device. It ends when the device leaves the states that the session belongs to.
 */
abstract sealed class ClientDataSession permits ClientSavingSession, ClientResumingSession {

  private final ClientMigration migration;
  private volatile boolean ended;

  ClientDataSession(ClientMigration migration) {
    this.migration = migration;
  }

  abstract DataSession session();

  abstract boolean isValidIn(DeviceState state);

  final ClientMigration migration() {
    return migration;
  }

  final void end() {
    ended = true;
  }

  final void checkOpen(String action) throws DeviceException {
    if (ended) {
      throw new DeviceException(migration.calls().name(), action, Errno.ENODEV);
    }
  }
}
