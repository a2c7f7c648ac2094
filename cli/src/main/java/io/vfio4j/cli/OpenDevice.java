// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.linux.UnixSocket;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
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

  private final MigratableDevice device;
  private final @Nullable SimServer inside;

  private OpenDevice(MigratableDevice device, @Nullable SimServer inside) {
    this.device = device;
    this.inside = inside;
  }

  /** Returns a device that is served, or the kernel's. */
  static OpenDevice of(MigratableDevice device) {
    return new OpenDevice(device, null);
  }

  static OpenDevice connect(Path socket, Duration busyPoll) throws IOException {
    try {
      return of(VfioUserClient.connect(socket, OPTIONS.withBusyPoll(busyPoll)));
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

  MigratableDevice device() {
    return device;
  }

  String name() {
    return device.identity().name();
  }

  /**
   * Tells whether what a device that is to be given a state holds may be what its last user left, and is nobody's. Of
   * others than the kernel's their servers take care.
   */
  static boolean isLeftBehind(MigratableDevice device) {
    return device instanceof KernelDevice;
  }

  /**
   * Sees to it that a device that is to be given a state holds nothing of what its last user left. What a kernel device
   * holds is lost; of others their servers take care.
   *
   * @throws DeviceException if it does not reset
   */
  void prepareAsTarget() throws DeviceException {
    if (isLeftBehind(device)) {
      device.reset();
    }
  }

  /** Tells whether the device is inside this command, and ends with it. */
  boolean isInside() {
    return inside != null;
  }

  /** Tells whether the device, if it is in RUNNING, goes on as it is when this command lets go of it. */
  boolean keepsState() {
    return !isInside() && device instanceof VfioUserClient client && client.keepsState();
  }

  /** Returns what becomes of a device that is let go of and not kept: the end of a sentence. */
  String whenLetGo() {
    return device instanceof KernelDevice
        ? "its driver may reset it then, or leave it as it is until somebody does"
        : "its server resets it then";
  }

  @Override
  public void close() {
    device.close();
    if (inside != null) {
      inside.close();
    }
  }
}
