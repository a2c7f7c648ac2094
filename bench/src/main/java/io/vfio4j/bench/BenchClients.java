// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.time.Duration;

/** Connects clients. */
final class BenchClients {

  private BenchClients() {
  }

  /** How long a client of ours, and a server, looks again and again before it sleeps. */
  static final Duration BUSY_POLL = Duration.ofNanos(1000L * Integer.getInteger("bench.busyPoll", 0));

  /** Connects to a server; the device keeps its memory when the client goes. */
  static VfioUserClient connect(ServerProcess server) throws DeviceException {
    return VfioUserClient.connect(server.socket(),
        ClientOptions.DEFAULT.withKeepState(true).withBusyPoll(BUSY_POLL));
  }
}
