// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.engine.Handover;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ControlClient;

/**
 * Passes the connection of a VMM from one server to another, with the device.
 *
 * @param from the server that has it
 * @param to the server that gets it
 * @param token the connection's
 */
record ConnectionHandover(ControlClient from, ControlClient to, long token) implements Handover {

  @Override
  public void prepare() throws DeviceException {
    from.passConnection(to);
  }

  @Override
  public void commit() throws DeviceException {
    from.surrender(token);
  }

  @Override
  public boolean complete() throws DeviceException {
    from.release(token);
    return true;
  }
}
