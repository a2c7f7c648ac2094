// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import com.google.gson.JsonArray;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.OpenDevice;
import io.vfio4j.cli.device.OpenDevices;
import io.vfio4j.cli.recover.DeviceStatus.Gone;
import io.vfio4j.cli.recover.DeviceStatus.MigratedLater;
import io.vfio4j.cli.recover.DeviceStatus.Reachable;
import io.vfio4j.cli.recover.DeviceStatus.Unverifiable;
import io.vfio4j.engine.Side;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.client.VfioUserClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The devices of a migration that an operator decides about. Those that respond stay open until this is closed; since a device
 * has only one client, their status cannot change until then.
 */
final class MigrationDevices implements AutoCloseable {

  private final List<DeviceStatus> devices = new ArrayList<>();
  private final List<String> discardedNames = new ArrayList<>();
  private final Output output;

  private MigrationDevices(Output output) {
    this.output = output;
  }

  /**
   * Checks each device of a migration; none is changed.
   *
   * @param journals all journals of this host, for devices that have been in a later migration
   */
  static MigrationDevices of(JournaledMigration migration, JournalIndex journals, Output output) {
    MigrationDevices result = new MigrationDevices(output);
    try {
      for (String name : migration.header().devices()) {
        result.devices.add(result.check(name, migration, journals));
      }
      return result;
    } catch (RuntimeException | Error e) {
      result.close();
      throw e;
    }
  }

  private DeviceStatus check(String name, JournaledMigration migration, JournalIndex journals) {
    DeviceAddress address;
    try {
      address = DeviceAddress.parse(name);
    } catch (IllegalArgumentException e) {
      return new Unverifiable(name, "it was not migrated by a command, and its address is unknown", false);
    }
    Optional<DeviceStatus> later = laterMigration(address, migration, journals);
    return later.orElseGet(() -> switch (address) {
      case DeviceAddress.Sim _ -> migration.isHeld()
          ? new Unverifiable(name, "it is part of a process that is still running", true)
          : new Gone(name, "it was part of a process that has ended");
      case DeviceAddress.VfioUser served -> served.socket().isAbsolute()
          ? open(name, served, migration.isHeld())
          : new Unverifiable(name, "the path of its socket is relative to an unknown directory", false);
      case DeviceAddress.Control served -> served.socket().isAbsolute()
          ? open(name, served, migration.isHeld())
          : new Unverifiable(name, "the path of its socket is relative to an unknown directory", false);
      case DeviceAddress.Kernel kernel -> open(name, kernel, migration.isHeld());
    });
  }

  private static Optional<DeviceStatus> laterMigration(DeviceAddress address, JournaledMigration migration,
      JournalIndex journals) {
    return journals.laterMigrationOf(address, migration)
        .map(later -> laterMigration(address.toString(), migration.header().side(), later));
  }

  /** The state of a device in a later migration is decided by that one; from a target, it may run elsewhere since. */
  private static DeviceStatus laterMigration(String name, Side side, JournaledMigration later) {
    if (side == Side.TARGET && later.header().side() == Side.SOURCE) {
      return new MigratedLater(name,
          "migration %s has since migrated it to %s".formatted(later.migrationId(), later.header().peer()));
    }
    return new Gone(name, "it has since been in migration %s".formatted(later.migrationId()));
  }

  private DeviceStatus open(String name, DeviceAddress address, boolean isHeld) {
    OpenDevice device;
    try {
      device = address.open(output::warning);
    } catch (IOException e) {
      return checkUnreachable(name, address, isHeld, e);
    }
    if (device.isFreshlyReset()) {
      device.close();
      return isHeld
          ? new Unverifiable(name,
              "the process that migrated it is still running, and its server shows another device",
              true)
          : new Gone(name, "its server reset or destroyed it when its client disconnected");
    }
    try {
      return new Reachable(device, device.device().state());
    } catch (DeviceException e) {
      device.close();
      return new Unverifiable(name, ErrorMessages.describe(e), true);
    }
  }

  private static DeviceStatus checkUnreachable(String name, DeviceAddress address, boolean isHeld,
      IOException failure) {
    Optional<Errno> errno = errno(failure);
    boolean noServer = errno.filter(value -> value.equals(Errno.ENOENT) || value.equals(Errno.ECONNREFUSED))
        .isPresent();
    Optional<Path> socket = switch (address) {
      case DeviceAddress.VfioUser served -> Optional.of(served.socket());
      case DeviceAddress.Control served -> Optional.of(served.socket());
      case DeviceAddress.Sim _, DeviceAddress.Kernel _ -> Optional.empty();
    };
    if (socket.isEmpty() || !noServer) {
      return new Unverifiable(name, ErrorMessages.describe(failure),
          errno.filter(Errno.EBUSY::equals).isPresent());
    }
    if (isHeld) { // Some servers stop listening once they have a client.
      return new Unverifiable(name,
          "no process listens on its socket, and the process that migrated it may still be connected", false);
    }
    try {
      return ListeningSockets.contains(socket.get())
          ? new Unverifiable(name, "its server is running, but its socket file was removed or replaced", true)
          : new Gone(name, "no process serves it");
    } catch (IOException e) {
      return new Unverifiable(name,
          "cannot determine whether its server is running: " + ErrorMessages.describe(e), false);
    }
  }

  private static Optional<Errno> errno(Throwable failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof DeviceException device) {
        return Optional.of(device.errno());
      }
    }
    return Optional.empty();
  }

  List<DeviceStatus> list() {
    return List.copyOf(devices);
  }

  /** Returns the names and status of the devices that satisfy a condition; empty for none. */
  String describe(Predicate<DeviceStatus> condition) {
    return devices.stream().filter(condition).map(device -> device.name() + " " + device.description())
        .collect(Collectors.joining("; "));
  }

  /** Returns the names of the devices that satisfy a condition; empty for none. */
  String names(Predicate<DeviceStatus> condition) {
    return devices.stream().filter(condition).map(DeviceStatus::name).collect(Collectors.joining(", "));
  }

  /** Returns the status of the devices, in order. */
  JsonArray json() {
    JsonArray json = new JsonArray();
    devices.forEach(device -> json.add(device.json()));
    return json;
  }

  /** Prints the status of each device. */
  void print() {
    devices.forEach(device -> output.line("  %s %s".formatted(device.name(), device.description())));
  }

  /**
   * Stops and resets devices, and checks that the reset took effect. A device whose server is not known to reset it is only
   * stopped.
   *
   * @param condition selects among the devices that respond
   * @return a problem for each device that still runs, or may run
   */
  List<String> fence(Predicate<Reachable> condition) {
    List<String> problems = new ArrayList<>();
    for (DeviceStatus device : devices) {
      if (device instanceof Reachable reachable && condition.test(reachable)) {
        fence(reachable).ifPresent(problem -> problems.add(reachable.name() + ": " + problem));
      }
    }
    return problems;
  }

  /** Returns the names of the devices that {@link #fence} has reset; empty for none. */
  String discardedNames() {
    return String.join(", ", discardedNames);
  }

  /** Stops a device first, since only then the effect of a reset is visible. */
  private Optional<String> fence(Reachable device) {
    try {
      if (device.mayRun()) {
        stop(device);
      }
      if (!device.device().isResetReliable()) {
        return stopWithoutReset(device);
      }
      return reset(device);
    } catch (DeviceException e) {
      return describeUnlessStopped(device, ErrorMessages.describe(e));
    }
  }

  /** Stops a device. A failure is ignored if its server is known to reset it, which fences it as well. */
  private static void stop(Reachable device) throws DeviceException {
    try {
      device.device().device().moveTo(DeviceState.STOP);
    } catch (TransitionException e) {
      boolean isServed = device.device().device() instanceof VfioUserClient;
      if (e.reached().isRunning() && !(isServed && device.device().isResetReliable())) {
        throw e;
      }
    }
  }

  private Optional<String> stopWithoutReset(Reachable device) throws DeviceException {
    DeviceState now = device.device().device().state();
    String remedy = "its server is not known to reset it; restart the server before the device is used again";
    if (!device.mayRun()) {
      return describeUnlessStopped(device, remedy);
    }
    if (now != DeviceState.STOP) {
      return Optional.of("the transition to STOP left it in " + now);
    }
    StoppedDevices.report(output, device.name(), "fenced",
        "was running and has been stopped; it stays in STOP and was not reset");
    return describeUnlessStopped(device, remedy);
  }

  private Optional<String> reset(Reachable device) throws DeviceException {
    device.device().device().reset();
    discardedNames.add(device.name());
    DeviceState now = device.device().device().state();
    if (now != DeviceState.RUNNING) {
      return describeUnlessStopped(device, "the reset left it in " + now);
    }
    StoppedDevices.report(output, device.name(), device.mayRun() ? "fenced" : "discarded",
        (device.mayRun() ? "was running" : "was stopped with a state") + " and has been reset");
    return Optional.empty();
  }

  /** Accepts a device that was not reset but is stopped; returns the problem if it runs. */
  private Optional<String> describeUnlessStopped(Reachable device, String reason) {
    try {
      DeviceState now = device.device().device().state();
      if (now.isRunning()) {
        return Optional.of("%s; it is in %s".formatted(reason, now));
      }
      output
          .warning("%s was not reset but is stopped in %s: %s".formatted(device.name(), now, reason));
      return Optional.empty();
    } catch (DeviceException e) {
      return Optional.of(reason);
    }
  }

  /**
   * Resumes all devices, and checks that they run.
   *
   * @throws DeviceException if one of them does not; others may run then
   */
  void resumeAll() throws DeviceException {
    List<Reachable> reachable =
        devices.stream().filter(Reachable.class::isInstance).map(Reachable.class::cast).toList();
    OpenDevices.resumeAll(reachable.stream().map(device -> device.device().device()).toList());
    for (Reachable device : reachable) {
      DeviceState now = device.device().device().state();
      if (now != DeviceState.RUNNING) {
        throw new DeviceException(device.name(), "run", Errno.EIO,
            "%s is in %s after the transition to RUNNING".formatted(device.name(), now), null);
      }
      if (device.state() != DeviceState.RUNNING) {
        StoppedDevices.report(output, device.name(), "resumed",
            "was in %s and runs again".formatted(device.state()));
      }
    }
  }

  @Override
  public void close() {
    for (DeviceStatus device : devices) {
      if (device instanceof Reachable reachable) {
        reachable.device().close();
      }
    }
  }
}
