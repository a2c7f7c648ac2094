// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The server of a device, in this process or, where it is to be killed, in one of its own.
 *
 * @param device to drive
 * @param socket where it listens
 * @param process its process, if it has one
 */
record KillableServer(Served device, Path socket, Optional<ChildServer> process) implements AutoCloseable {

  static KillableServer start(Path socket, boolean isKilled) throws IOException, InterruptedException {
    if (!isKilled) {
      return new KillableServer(Served.at(socket), socket, Optional.empty());
    }
    ChildServer process = Served.process(socket);
    return new KillableServer(Served.by(process), socket, Optional.of(process));
  }

  void kill() throws InterruptedException {
    process.orElseThrow().kill();
  }

  boolean isGone() {
    return process.isPresent() && !process.get().isAlive();
  }

  @Override
  public void close() {
    device.close();
  }
}
