// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.SocketFile;
import io.vfio4j.cli.base.SuggestedCommand;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.ServerQuirk;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A device that a command has opened. */
public final class OpenDevice implements AutoCloseable {

  /** What a command leaves in RUNNING is to go on, and a state that it finds or takes is to outlive it. */
  private static final ClientOptions OPTIONS =
      ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true);
  /** Nothing outlives the command of a device inside it. */
  private static final ClientOptions IN_PROCESS_OPTIONS = ClientOptions.DEFAULT.withKeepState(true);

  private final MigratableDevice device;
  private final @Nullable SimServer inProcessServer;
  private final Consumer<String> log;

  private OpenDevice(MigratableDevice device, @Nullable SimServer inside, Consumer<String> log) {
    this.device = device;
    this.inProcessServer = inside;
    this.log = log;
  }

  /**
   * Returns a device that is served, or the kernel's.
   *
   * @param log takes warnings
   */
  public static OpenDevice of(MigratableDevice device, Consumer<String> log) {
    return new OpenDevice(device, null, log);
  }

  public static OpenDevice connect(DeviceAddress.VfioUser address, Consumer<String> log) throws IOException {
    try {
      return of(VfioUserClient.connect(address.socket(),
          OPTIONS.withBusyPoll(address.busyPoll()).withMigrationTimeout(address.migrationTimeout())), log);
    } catch (DeviceException e) {
      throw explain(address.socket(), e);
    }
  }

  /** Returns what to throw when a server cannot be reached: words of help where there are any. */
  static IOException explain(Path socket, DeviceException e) {
    Optional<String> other = SocketFile.nonSocketKind(socket);
    if (other.isPresent() && e.errno().equals(Errno.ECONNREFUSED)) {
      return new CommandException(ExitCodes.FAILURE,
          "vfio-user:%s is not a socket, but %s; give the path that the server listens at".formatted(socket,
              other.get()),
          e);
    }
    String words = e.errno().equals(Errno.ENOENT) ? "there is no such socket: is its server running?"
        : e.errno().equals(Errno.ECONNREFUSED) ? "nobody listens there any more: start its server again"
            : null;
    return words == null
        ? e
        : new CommandException(ExitCodes.FAILURE, "vfio-user:%s: %s".formatted(socket, words), e);
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
      return new OpenDevice(VfioUserClient.of(pair.other(), sim.config().name(),
          IN_PROCESS_OPTIONS.withMigrationTimeout(sim.migrationTimeout())), server, log);
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  public MigratableDevice device() {
    return device;
  }

  public String name() {
    return device.identity().name();
  }

  /**
   * Tells whether what a device that is to be given a state holds may be what its last user left, and is nobody's. Of
   * others than the kernel's their servers take care.
   */
  public static boolean mayHoldStaleState(MigratableDevice device) {
    return device instanceof KernelDevice;
  }

  /**
   * Sees to it that a device that is to be given a state holds nothing of what its last user left. What a kernel device
   * holds is lost; a server's holds something only where a command died that was taking its state.
   *
   * @throws DeviceException if it does not reset
   * @throws CommandException if it holds a state that may be all there is
   */
  public void prepareAsTarget() throws DeviceException, CommandException {
    if (mayHoldStaleState(device)) {
      device.reset();
      return;
    }
    DeviceState state = device.state();
    if (!state.isRunning()) {
      throw new CommandException(ExitCodes.FAILURE,
          "%s is in %s, as its last user left it; nothing was touched. %s"
              .formatted(name(), state, recoveryAdvice(state)),
          null);
    }
  }

  /** Returns how a device of a server gets out of a state in which its last client left it: a sentence, as far as known. */
  public String recoveryAdvice(DeviceState state) {
    String again = "let it run again (%s)".formatted(SuggestedCommand.resume(name()));
    return switch (state) {
      case STOP, STOP_COPY ->
        "What it holds may be all there is of its state: %s, or, if nobody needs it any more, %s"
            .formatted(again, refusesResetWhileStopped()
                ? "restart its server, which does not reset a stopped device"
                : "drop it (%s)".formatted(SuggestedCommand.discard(name())));
      case RESUMING ->
        "It was given a state that was not loaded to its end, and its server left it so, which a reset may "
            + "not change: restart its server";
      case ERROR -> "What it held is lost: reset it (%s)".formatted(SuggestedCommand.discard(name()));
      default -> again.substring(0, 1).toUpperCase(Locale.ROOT) + again.substring(1);
    };
  }

  /** Returns whether its server is known to reset no stopped device, so that it would have to run for a moment first. */
  boolean refusesResetWhileStopped() {
    return device instanceof VfioUserClient client && client.quirks().stream()
        .anyMatch(finding -> finding.kind() == ServerQuirk.Kind.REFUSES_WHILE_STOPPED);
  }

  /**
   * Returns whether a reset that succeeds is known to have reset it. Servers are known that answer it and do nothing: their
   * device, told to run then, goes on with the state that it had.
   */
  public boolean isResetReliable() {
    return !(device instanceof VfioUserClient client) || client.resetsOnDisconnect();
  }

  /**
   * Tells whether what its last client left is gone with that one: its server shows a device that has been reset, or another
   * one.
   */
  public boolean isFreshlyReset() {
    return device instanceof VfioUserClient client && client.resetsOnDisconnect() && !client.keepsState();
  }

  /** Tells whether the device is inside this command, and ends with it. */
  public boolean isInProcess() {
    return inProcessServer != null;
  }

  /** Tells whether the device, if it is in RUNNING, goes on as it is when this command lets go of it. */
  public boolean keepsState() {
    return !isInProcess() && device instanceof VfioUserClient client && client.keepsState();
  }

  /** Returns what becomes of a device that is let go of and not kept: the end of a sentence. */
  public String releaseEffect() {
    if (device instanceof KernelDevice) {
      return "its driver may reset it then, or leave it as it is until somebody does";
    }
    return device instanceof VfioUserClient client && client.resetsOnDisconnect()
        ? "its server resets it then"
        : "its server may reset it then, or leave it as it is: it does not say which";
  }

  /** Returns what becomes of a device that is let go of while it stands still with its state: the end of a sentence. */
  public String stoppedReleaseEffect() {
    return keepsStopped()
        ? "it stays in STOP with its state then, until 'vfio4j recover' settles what becomes of it"
        : releaseEffect();
  }

  /** Tells whether the device stays in STOP when this command lets go of it there. */
  public boolean keepsStopped() {
    return !isInProcess() && device instanceof VfioUserClient client && client.keepsStopped();
  }

  /** Resets a device whose state is not its own any more, where its server would keep that. */
  void discard() {
    if (keepsStopped()) {
      try {
        device.reset();
      } catch (DeviceException e) {
        // Its server is gone, and the device with it; or it does not reset, and then stands still as before.
      }
    }
  }

  /** Closes the device. What goes wrong then is a warning: it changes nothing of what was done with the device. */
  @Override
  public void close() {
    close(device::close);
    if (inProcessServer != null) {
      close(inProcessServer::close);
    }
  }

  private void close(Runnable close) {
    try {
      close.run();
    } catch (RuntimeException e) {
      log.accept("vfio4j: %s did not close: %s".formatted(name(), ErrorMessages.describe(e)));
    }
  }
}
