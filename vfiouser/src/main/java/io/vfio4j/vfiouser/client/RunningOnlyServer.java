// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.ErrnoException;

/** Asks a server that may answer only while its device runs. */
record RunningOnlyServer(ClientCalls calls, ServerQuirks quirks) {

  /** A question about the device. */
  @FunctionalInterface
  interface Query<T> {
    T execute() throws DeviceException, ErrnoException;
  }

  /**
   * Asks something.
   *
   * @param otherwise the answer where the server refuses it and the device is stopped
   */
  <T> T query(Query<T> question, T otherwise) throws DeviceException, ErrnoException {
    try {
      return question.execute();
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
    try {
      return ClientMigration.isStopped(ClientMigration.readState(calls));
    } catch (DeviceLostException e) {
      throw e;
    } catch (DeviceException e) {
      // A device that cannot migrate is never stopped: the refusal has another reason.
      return false;
    }
  }
}
