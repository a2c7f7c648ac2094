// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The server of a device, in this process or, where it is to be killed, in one of its own. It records its sessions.
 *
 * @param device to drive
 * @param socket where it listens
 * @param process its process, if it has one
 * @param recorded what it heard and said
 */
record KillableServer(Served device, Path socket, Optional<ChildServer> process,
    RecordedServer recorded) implements AutoCloseable {

  /** By so many the clock of its recording is known well enough. */
  private static final int SESSIONS = 4;

  static KillableServer start(Path socket, boolean isKilled) throws IOException, InterruptedException {
    Path recording = Path.of(socket + ".record");
    if (!isKilled) {
      RecordedServer here = RecordedServer.here(recording);
      return new KillableServer(Served.at(socket, here.recording()), socket, Optional.empty(), here);
    }
    ChildServer process = ChildServer.start(Children.serve(socket, "--record", recording.toString()));
    Served served = Served.by(process);
    for (int i = 0; i < SESSIONS; i++) {
      served.connectWhenFree().close();
    }
    return new KillableServer(served, socket, Optional.of(process), RecordedServer.elsewhere(recording));
  }

  void kill() throws InterruptedException {
    process.orElseThrow().kill();
  }

  boolean isGone() {
    return process.isPresent() && !process.get().isAlive();
  }

  @Override
  public void close() throws IOException {
    device.close();
    recorded.close();
  }
}
