// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.ClientOptions;
import io.vfio4j.vfiouser.VfioUserClient;

/** Connects clients. */
final class Clients {

  private Clients() {
  }

  /** Connects to a server; the device keeps its memory when the client goes. */
  static VfioUserClient connect(ServerProcess server) throws DeviceException {
    return VfioUserClient.connect(server.socket(), ClientOptions.DEFAULT.withKeepState(true));
  }
}
