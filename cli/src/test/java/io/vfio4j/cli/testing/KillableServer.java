// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import io.vfio4j.cli.base.ChildServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The server of a device, in this process or, if it is to be killed, in a child process. It records its connections.
 *
 * @param device the device
 * @param socket the path where it listens
 * @param process its child process, if any
 * @param recorded its recording
 */
public record KillableServer(ServedTestDevice device, Path socket, Optional<ChildServer> process,
    RecordingServer recorded) implements AutoCloseable {

  /** Enough connections to determine the clock of its recording. */
  private static final int SESSIONS = 4;

  public static KillableServer start(Path socket, boolean isKilled) throws IOException, InterruptedException {
    Path recording = Path.of(socket + ".record");
    if (!isKilled) {
      RecordingServer here = RecordingServer.inProcess(recording);
      return new KillableServer(ServedTestDevice.start(socket, here.recording()), socket, Optional.empty(),
          here);
    }
    ChildServer process = ChildServer.start(CommandProcesses.serve(socket, "--record", recording.toString()));
    ServedTestDevice served = ServedTestDevice.inChildServer(process);
    for (int i = 0; i < SESSIONS; i++) {
      served.awaitConnection().close();
    }
    return new KillableServer(served, socket, Optional.of(process),
        RecordingServer.inChildProcess(recording));
  }

  public void kill() throws InterruptedException {
    process.orElseThrow().kill();
  }

  public boolean isGone() {
    return process.isPresent() && !process.get().isAlive();
  }

  @Override
  public void close() throws IOException {
    device.close();
    recorded.close();
  }
}
