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
import io.vfio4j.vfiouser.client.ControlClient;
import io.vfio4j.vfiouser.client.ControlInfo;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.quirk.ServerQuirk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A device that a command has opened. */
public final class OpenDevice implements AutoCloseable {

  /** A device that a command leaves in RUNNING keeps running, and one that it leaves stopped keeps its state. */
  private static final ClientOptions OPTIONS =
      ClientOptions.DEFAULT.withKeepState(true).withKeepStopped(true);
  /** A device in this process ends with it. */
  private static final ClientOptions IN_PROCESS_OPTIONS = ClientOptions.DEFAULT.withKeepState(true);

  private final MigratableDevice device;
  private final @Nullable ControlClient control;
  private final @Nullable SimServer inProcessServer;
  private final Consumer<String> log;

  private OpenDevice(MigratableDevice device, @Nullable ControlClient control,
      @Nullable SimServer inProcessServer, Consumer<String> log) {
    this.device = device;
    this.control = control;
    this.inProcessServer = inProcessServer;
    this.log = log;
  }

  /**
   * Returns a served device or a kernel device.
   *
   * @param log receives warnings
   */
  public static OpenDevice of(MigratableDevice device, Consumer<String> log) {
    return new OpenDevice(device, null, null, log);
  }

  public static OpenDevice connect(DeviceAddress.VfioUser address, Consumer<String> log) throws IOException {
    try {
      return of(VfioUserClient.connect(address.socket(),
          OPTIONS.withBusyPoll(address.busyPoll()).withMigrationTimeout(address.migrationTimeout())), log);
    } catch (DeviceException e) {
      throw explain(address.socket(), e);
    }
  }

  static OpenDevice connect(DeviceAddress.Control address, Consumer<String> log) throws IOException {
    try {
      ControlClient control =
          ControlClient.connect(address.socket(), OPTIONS.withMigrationTimeout(address.migrationTimeout()));
      return new OpenDevice(control.device(), control, null, log);
    } catch (DeviceException e) {
      throw explain(address, e);
    }
  }

  static IOException explain(DeviceAddress.Control address, DeviceException e) {
    return explain("control:", address.socket(), e);
  }

  /** Returns what to throw if a server cannot be reached, with advice where possible. */
  static IOException explain(Path socket, DeviceException e) {
    return explain("vfio-user:", socket, e);
  }

  private static IOException explain(String scheme, Path socket, DeviceException e) {
    Optional<String> kind = SocketFile.nonSocketKind(socket);
    if (kind.isPresent() && e.errno().equals(Errno.ECONNREFUSED)) {
      return new CommandException(ExitCodes.FAILURE,
          "%s%s is %s, not a socket; expected the path that the server listens on".formatted(scheme, socket,
              kind.get()),
          e);
    }
    String address = scheme + socket;
    if (e.errno().equals(Errno.ENOENT)) {
      return new CommandException(ExitCodes.FAILURE, address + ": no such socket; is the server running?", e);
    }
    if (e.errno().equals(Errno.ECONNREFUSED)) {
      return new CommandException(ExitCodes.FAILURE,
          address + ": the server is no longer listening; restart it", e);
    }
    if (e.errno().equals(Errno.EBUSY)) {
      return new CommandException(ExitCodes.FAILURE, inUse(scheme, address), e);
    }
    boolean mayBeControl = e.errno().equals(Errno.EINVAL) && scheme.equals("vfio-user:");
    return mayBeControl
        ? new CommandException(ExitCodes.FAILURE,
            "%s; if this is the control socket of a server, its address is control:%s".formatted(
                e.getMessage(),
                socket),
            e)
        : e;
  }

  private static String inUse(String scheme, String address) {
    return scheme.equals("control:")
        ? address + " is in use: another control client is connected, and a server has one at a time (EBUSY)"
        : """
            %s is in use: another client is connected (EBUSY).
              A device that a VMM is using is moved through the control socket of its server. Start the server with
              --control PATH before the VMM; then vfio4j swap --from control:PATH --to control:PATH moves the device, and
              vfio4j probe control:PATH shows who uses it""".formatted(address);
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
          IN_PROCESS_OPTIONS.withMigrationTimeout(sim.migrationTimeout())), null, server, log);
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

  /** Returns the connection to its control socket, if its address is one. */
  public Optional<ControlClient> control() {
    return Optional.ofNullable(control);
  }

  /**
   * Returns whether a target device may hold state left by its last user, which is to be reset. True for kernel devices; a
   * server takes care of its own device.
   */
  public static boolean mayHoldStaleState(MigratableDevice device) {
    return device instanceof KernelDevice;
  }

  /**
   * Ensures that a target device holds no state of its last user. A kernel device is reset; a served device holds such a
   * state only if a command died while saving it.
   *
   * @throws DeviceException if the reset fails
   * @throws CommandException if the device holds a state that may be the only copy
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
    warnIfInUse();
  }

  /** Warns if a VMM is using a device that is about to load a state. */
  public void warnIfInUse() {
    use().flatMap(ControlInfo::vmm).ifPresent(vmm -> log.accept(
        "%s is in use by pid %d, whose guest will find the device in the state that is loaded".formatted(
            name(),
            vmm.pid())));
  }

  /** Returns a sentence that says how to recover a served device from the state in which its last client left it. */
  public String recoveryAdvice(DeviceState state) {
    if (isSurrendered()) {
      return "Its VMM's connection was surrendered by a migration that was not completed: resolve it (%s)"
          .formatted(SuggestedCommand.recover());
    }
    String resume = "resume it (%s)".formatted(SuggestedCommand.resume(name()));
    return switch (state) {
      case STOP, STOP_COPY ->
        "This may be the only copy of its state: %s or, if it is not needed, %s"
            .formatted(resume, refusesResetWhileStopped()
                ? "restart its server, which does not reset a stopped device"
                : "discard it (%s)".formatted(SuggestedCommand.discard(name())));
      case RESUMING ->
        "Its state was loaded only in part, and a reset may not clear it: restart its server";
      case ERROR -> "Its state is lost: reset it (%s)".formatted(SuggestedCommand.discard(name()));
      default -> resume.substring(0, 1).toUpperCase(Locale.ROOT) + resume.substring(1);
    };
  }

  /** Returns whether its server is known to refuse to reset a stopped device, which would have to run briefly first. */
  boolean refusesResetWhileStopped() {
    return device instanceof VfioUserClient client && client.quirks().stream()
        .anyMatch(quirk -> quirk.kind() == ServerQuirk.Kind.REFUSES_WHILE_STOPPED);
  }

  /**
   * Returns whether a reset that succeeds is known to reset the device. Some servers acknowledge a reset and do nothing:
   * when resumed, their device continues with its old state.
   */
  public boolean isResetReliable() {
    return !(device instanceof VfioUserClient client) || client.resetsOnDisconnect();
  }

  /**
   * Returns whether the device is known to hold nothing of its last client: its server has reset it, or created a new one.
   */
  public boolean isFreshlyReset() {
    return device instanceof VfioUserClient client && client.resetsOnDisconnect() && !client.keepsState();
  }

  /** Returns whether the device is in this process, and ends with it. */
  public boolean isInProcess() {
    return inProcessServer != null;
  }

  /** Returns whether the device, if in RUNNING, keeps running when this command closes it. */
  public boolean keepsState() {
    return !isInProcess() && device instanceof VfioUserClient client && client.keepsState();
  }

  /** Returns a clause that says what happens to a running device when this command closes it. */
  public String releaseEffect() {
    if (device instanceof KernelDevice) {
      return "its driver may then reset it, or leave it as it is until it is reset";
    }
    if (control != null) {
      return "its server keeps it running";
    }
    return device instanceof VfioUserClient client && client.resetsOnDisconnect()
        ? "its server then resets it"
        : "its server may then reset it, or leave it as it is";
  }

  /** Returns a clause that says what happens to a stopped device with its state when this command closes it. */
  public String stoppedReleaseEffect() {
    if (isSurrendered()) {
      return "it then stays stopped with its state, and its VMM waits, until 'vfio4j recover' resolves the migration";
    }
    if (keepsStopped()) {
      return "it then stays in STOP with its state until 'vfio4j recover' resolves the migration";
    }
    return control != null ? "its server then returns it to RUNNING" : releaseEffect();
  }

  /** Returns a sentence about a source whose device runs at the target now. */
  public String migratedEffect() {
    return control != null
        ? "%s was reset, and its server is free for another VMM.".formatted(name())
        : "%s is closed when this command ends; %s.".formatted(name(), releaseEffect());
  }

  /** Returns whether the device, if in STOP, stays there when this command closes it. */
  public boolean keepsStopped() {
    if (control != null) {
      // A device that a VMM uses returns to RUNNING, unless it was surrendered.
      return use()
          .filter(info -> info.isSurrendered() || (info.vmm().isEmpty() && control.device().keepsStopped()))
          .isPresent();
    }
    return !isInProcess() && device instanceof VfioUserClient client && client.keepsStopped();
  }

  /** Returns whether the VMM's connection was surrendered, so that the server does not run the device by itself. */
  public boolean isSurrendered() {
    return use().filter(ControlInfo::isSurrendered).isPresent();
  }

  /** Returns what the server says of the device's use; empty if this is no control socket, or the server is gone. */
  private Optional<ControlInfo> use() {
    try {
      return control == null ? Optional.empty() : Optional.of(control.info());
    } catch (DeviceException e) {
      return Optional.empty();
    }
  }

  /**
   * Resets a device whose state is now owned by the other side, if its server would keep that state. The reset also
   * releases a connection that was surrendered.
   */
  void discard() {
    if (control != null ? isSurrendered() : keepsStopped()) {
      try {
        device.reset();
      } catch (DeviceException e) {
        // Its server has ended, and the device with it; or the reset failed, and it remains stopped.
      }
    }
  }

  /** Closes the device. A failure is only a warning, since the work with the device is done. */
  @Override
  public void close() {
    close(control != null ? control::close : device::close);
    if (inProcessServer != null) {
      close(inProcessServer::close);
    }
  }

  private void close(Runnable closer) {
    try {
      closer.run();
    } catch (RuntimeException e) {
      log.accept("closing %s failed: %s".formatted(name(), ErrorMessages.describe(e)));
    }
  }
}
