// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.time.Duration;

/** Connects clients for benchmarks. */
final class BenchClients {

  private BenchClients() {
  }

  /** How long our clients and servers poll before they block. */
  static final Duration BUSY_POLL = Duration.ofNanos(1000L * Integer.getInteger("bench.busyPoll", 0));

  /** Connects to a server whose device keeps its memory when the client disconnects. */
  static VfioUserClient connect(ServerProcess server) throws DeviceException {
    return VfioUserClient.connect(server.socket(),
        ClientOptions.DEFAULT.withKeepState(true).withBusyPoll(BUSY_POLL));
  }
}
