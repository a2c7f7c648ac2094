// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.vfiouser.ClientOptions;
import io.vfio4j.vfiouser.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A device that a command has opened. */
final class OpenDevice implements AutoCloseable {

  /** What a command leaves in RUNNING is to go on. */
  private static final ClientOptions OPTIONS = ClientOptions.DEFAULT.withKeepState(true);

  private final VfioUserClient client;
  private final @Nullable SimServer inside;

  OpenDevice(VfioUserClient client, @Nullable SimServer inside) {
    this.client = client;
    this.inside = inside;
  }

  static OpenDevice connect(Path socket, Duration busyPoll) throws IOException {
    try {
      return new OpenDevice(VfioUserClient.connect(socket, OPTIONS.withBusyPoll(busyPoll)), null);
    } catch (DeviceException e) {
      throw explained(socket, e);
    }
  }

  /** Returns what to throw when a server cannot be reached: words of help where there are any. */
  static IOException explained(Path socket, DeviceException e) {
    String words = e.errno().equals(Errno.ENOENT) ? "there is no such socket: is its server running?"
        : e.errno().equals(Errno.ECONNREFUSED) ? "nobody listens there any more: start its server again"
            : null;
    return words == null
        ? e
        : new CommandFailure(ExitCodes.NOT_DONE, "vfio-user:%s: %s".formatted(socket, words), e);
  }

  static OpenDevice simulate(DeviceAddress.Sim sim, Consumer<String> log) throws IOException {
    UnixSocket.Pair pair = UnixSocket.pair();
    SimServer server;
    try {
      server = SimServer.start(pair.one(), sim, log);
    } catch (IOException | RuntimeException e) {
      pair.one().close();
      pair.other().close();
      throw e;
    }
    try {
      return new OpenDevice(VfioUserClient.of(pair.other(), sim.config().name(), OPTIONS), server);
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  VfioUserClient client() {
    return client;
  }

  String name() {
    return client.identity().name();
  }

  /** Tells whether the device is inside this command, and ends with it. */
  boolean isInside() {
    return inside != null;
  }

  /** Tells whether the device, if it is in RUNNING, goes on as it is when this command lets go of it. */
  boolean keepsState() {
    return !isInside() && client.keepsState();
  }

  @Override
  public void close() {
    client.close();
    if (inside != null) {
      inside.close();
    }
  }
}
