// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.recover;

import com.google.gson.JsonArray;
import io.vfio4j.cli.base.ErrorMessages;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.device.DeviceAddress;
import io.vfio4j.cli.device.OpenDevice;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The devices of a migration that a person is to decide about, as they are now. Those that answer stay open until this is closed:
 * what was found stays true that long, since a device has one client.
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
   * @param all what the journals say, for devices that have been in a later migration
   */
  static MigrationDevices of(JournaledMigration migration, JournalIndex all, Output output) {
    MigrationDevices found = new MigrationDevices(output);
    try {
      for (String name : migration.heading().devices()) {
        found.devices.add(found.check(name, migration, all));
      }
      return found;
    } catch (RuntimeException | Error e) {
      found.close();
      throw e;
    }
  }

  private DeviceStatus check(String name, JournaledMigration migration, JournalIndex all) {
    DeviceAddress address;
    try {
      address = DeviceAddress.parse(name);
    } catch (IllegalArgumentException e) {
      return new Unverifiable(name, "it was not moved by a command, and its address is not known", false);
    }
    Optional<DeviceStatus> later = laterMigration(address, migration, all);
    return later.orElseGet(() -> switch (address) {
      case DeviceAddress.Sim _ -> migration.isHeld()
          ? new Unverifiable(name, "it is inside a process that still runs", true)
          : new Gone(name, "it was inside the process that has ended");
      case DeviceAddress.VfioUser served -> served.socket().isAbsolute()
          ? open(name, served, migration.isHeld())
          : new Unverifiable(name, "its socket is relative to a directory that is not known", false);
      case DeviceAddress.Kernel kernel -> open(name, kernel, migration.isHeld());
    });
  }

  private static Optional<DeviceStatus> laterMigration(DeviceAddress address, JournaledMigration migration,
      JournalIndex all) {
    return all.laterMigrationOf(address, migration)
        .map(later -> laterMigration(address.toString(), migration.heading().side(), later));
  }

  /** What a source holds of a later migration is that one's to decide; a target's state may have gone on with it. */
  private static DeviceStatus laterMigration(String name, Side side, JournaledMigration later) {
    if (side == Side.TARGET && later.heading().side() == Side.SOURCE) {
      return new MigratedLater(name,
          "migration %s has moved it to %s since".formatted(later.migrationId(), later.heading().peer()));
    }
    return new Gone(name, "it has been in migration %s since".formatted(later.migrationId()));
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
              "the process that moved it still runs, and its server shows another device",
              true)
          : new Gone(name, "its server reset it, or ended it, when its client went");
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
    if (!(address instanceof DeviceAddress.VfioUser served) || !noServer) {
      return new Unverifiable(name, ErrorMessages.describe(failure),
          errno.filter(Errno.EBUSY::equals).isPresent());
    }
    if (isHeld) { // Servers are known that listen no longer once they have a client.
      return new Unverifiable(name,
          "no process listens for it, and the one that moved it may still be connected", false);
    }
    try {
      return ListeningSockets.contains(served.socket())
          ? new Unverifiable(name, "its server runs, and its socket file was removed or replaced", true)
          : new Gone(name, "no process serves it");
    } catch (IOException e) {
      return new Unverifiable(name,
          "whether its server runs cannot be found out: " + ErrorMessages.describe(e), false);
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

  /** Returns those of which something holds, with what was found of each: a part of a sentence, empty for none. */
  String describe(Predicate<DeviceStatus> condition) {
    return devices.stream().filter(condition).map(device -> device.name() + " " + device.description())
        .collect(Collectors.joining("; "));
  }

  /** Returns the names of those of which something holds: a part of a sentence, empty for none. */
  String names(Predicate<DeviceStatus> condition) {
    return devices.stream().filter(condition).map(DeviceStatus::name).collect(Collectors.joining(", "));
  }

  /** Returns what was found, in the order of the devices. */
  JsonArray json() {
    JsonArray json = new JsonArray();
    devices.forEach(device -> json.add(device.json()));
    return json;
  }

  /** Prints what was found, a line for each. */
  void print() {
    devices.forEach(device -> output.line("  %s %s".formatted(device.name(), device.description())));
  }

  /**
   * Stops devices and resets them, and checks that each is as a reset leaves it. One whose server is not known to reset it
   * is only stopped.
   *
   * @param which those to reset, of the ones that answer
   * @return of which of them that is not so, or it is not known whether they run; empty for none
   */
  List<String> fence(Predicate<Reachable> which) {
    List<String> still = new ArrayList<>();
    for (DeviceStatus device : devices) {
      if (device instanceof Reachable answering && which.test(answering)) {
        fence(answering).ifPresent(reason -> still.add(answering.name() + ": " + reason));
      }
    }
    return still;
  }

  /** Returns the names of those that were reset, whose state here is lost with that: a part of a sentence, empty for none. */
  String discardedNames() {
    return String.join(", ", discardedNames);
  }

  /** It is stopped first: that a reset did something shows only in a device that it found stopped. */
  private Optional<String> fence(Reachable found) {
    try {
      if (found.mayRun()) {
        stop(found);
      }
      if (!found.device().isResetReliable()) {
        return stopWithoutReset(found);
      }
      return reset(found);
    } catch (DeviceException e) {
      return describeUnlessStopped(found, ErrorMessages.describe(e));
    }
  }

  /** One that does not stop, and is known to reset, is fenced by that alone. */
  private static void stop(Reachable found) throws DeviceException {
    try {
      found.device().device().moveTo(DeviceState.STOP);
    } catch (TransitionException e) {
      boolean isServed = found.device().device() instanceof VfioUserClient;
      if (e.reached().isRunning() && !(isServed && found.device().isResetReliable())) {
        throw e;
      }
    }
  }

  private Optional<String> stopWithoutReset(Reachable found) throws DeviceException {
    DeviceState now = found.device().device().state();
    String remedy = "its server is not known to reset it; restart it before the device is used again";
    if (!found.mayRun()) {
      return describeUnlessStopped(found, remedy);
    }
    if (now != DeviceState.STOP) {
      return Optional.of("it was told to stop, and is in " + now);
    }
    StoppedDevices.report(output, found.name(), "fenced",
        "ran, and has been stopped: it stays in STOP, not reset");
    return describeUnlessStopped(found, remedy);
  }

  private Optional<String> reset(Reachable found) throws DeviceException {
    found.device().device().reset();
    discardedNames.add(found.name());
    DeviceState now = found.device().device().state();
    if (now != DeviceState.RUNNING) {
      return describeUnlessStopped(found, "its reset left it in " + now);
    }
    StoppedDevices.report(output, found.name(), found.mayRun() ? "fenced" : "discarded",
        (found.mayRun() ? "ran" : "was stopped with a state") + ", and has been reset");
    return Optional.empty();
  }

  /** One that is not reset, and is stopped all the same, is as good for this. */
  private Optional<String> describeUnlessStopped(Reachable found, String reason) {
    try {
      DeviceState now = found.device().device().state();
      if (now.isRunning()) {
        return Optional.of("%s; it is in %s".formatted(reason, now));
      }
      output
          .warning("vfio4j: %s was not reset, and is stopped in %s: %s".formatted(found.name(), now, reason));
      return Optional.empty();
    } catch (DeviceException e) {
      return Optional.of(reason);
    }
  }

  /**
   * Lets all devices run, and checks that they do.
   *
   * @throws DeviceException if one of them does not; then some may run
   */
  void resumeAll() throws DeviceException {
    List<Reachable> answering =
        devices.stream().filter(Reachable.class::isInstance).map(Reachable.class::cast).toList();
    StoppedDevices.resumeAll(answering.stream().map(found -> found.device().device()).toList());
    for (Reachable found : answering) {
      DeviceState now = found.device().device().state();
      if (now != DeviceState.RUNNING) {
        throw new DeviceException(found.name(), "run", Errno.EIO,
            "%s was told to run, and is in %s".formatted(found.name(), now), null);
      }
      if (found.state() != DeviceState.RUNNING) {
        StoppedDevices.report(output, found.name(), "resumed",
            "was in %s, and runs again".formatted(found.state()));
      }
    }
  }

  @Override
  public void close() {
    for (DeviceStatus device : devices) {
      if (device instanceof Reachable answering) {
        answering.device().close();
      }
    }
  }
}
