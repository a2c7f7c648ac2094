// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.exchange.ServerQuirks;

/** Queries a server that may refuse most requests while its device is stopped. */
record RunningOnlyServer(ClientCalls calls, ServerQuirks quirks) {

  /** A query about the device. */
  @FunctionalInterface
  interface Query<T> {
    T execute() throws DeviceException, ErrnoException;
  }

  /**
   * Executes a query.
   *
   * @param otherwise the result if the server refuses the query and the device is stopped
   */
  <T> T query(Query<T> query, T otherwise) throws DeviceException, ErrnoException {
    try {
      return query.execute();
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      if (!isStopped()) {
        throw e;
      }
      quirks.recordRefusalWhileStopped();
      return otherwise;
    }
  }

  private boolean isStopped() throws DeviceException {
    // A device that cannot migrate is never stopped: then the refusal has another reason.
    return ClientCalls.unlessRefused(() -> ClientMigration.isStopped(ClientMigration.readState(calls)))
        .orElse(false);
  }
}
