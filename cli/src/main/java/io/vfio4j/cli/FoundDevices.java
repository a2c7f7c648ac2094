// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonArray;
import io.vfio4j.cli.FoundDevice.Answering;
import io.vfio4j.cli.FoundDevice.Gone;
import io.vfio4j.cli.FoundDevice.MovedOn;
import io.vfio4j.cli.FoundDevice.Unchecked;
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
final class FoundDevices implements AutoCloseable {

  private final List<FoundDevice> devices = new ArrayList<>();
  private final List<String> lost = new ArrayList<>();
  private final Output output;

  private FoundDevices(Output output) {
    this.output = output;
  }

  /**
   * Checks each device of a migration; none is changed.
   *
   * @param all what the journals say, for devices that have been in a later migration
   */
  static FoundDevices of(KnownMigration migration, JournalSurvey all, Output output) {
    FoundDevices found = new FoundDevices(output);
    try {
      for (String name : migration.heading().devices()) {
        found.devices.add(found.look(name, migration, all));
      }
      return found;
    } catch (RuntimeException | Error e) {
      found.close();
      throw e;
    }
  }

  private FoundDevice look(String name, KnownMigration migration, JournalSurvey all) {
    DeviceAddress address;
    try {
      address = DeviceAddress.parse(name);
    } catch (IllegalArgumentException e) {
      return new Unchecked(name, "it was not moved by a command, and its address is not known", false);
    }
    Optional<FoundDevice> later = movedLater(address, migration, all);
    return later.orElseGet(() -> switch (address) {
      case DeviceAddress.Sim _ -> migration.isHeld()
          ? new Unchecked(name, "it is inside a process that still runs", true)
          : new Gone(name, "it was inside the process that has ended");
      case DeviceAddress.VfioUser served -> served.socket().isAbsolute()
          ? open(name, served, migration.isHeld())
          : new Unchecked(name, "its socket is relative to a directory that is not known", false);
      case DeviceAddress.Kernel kernel -> open(name, kernel, migration.isHeld());
    });
  }

  private static Optional<FoundDevice> movedLater(DeviceAddress address, KnownMigration migration,
      JournalSurvey all) {
    return all.takenSince(address, migration)
        .map(later -> movedLater(address.toString(), migration.heading().side(), later));
  }

  /** What a source holds of a later migration is that one's to decide; a target's state may have gone on with it. */
  private static FoundDevice movedLater(String name, Side side, KnownMigration later) {
    if (side == Side.TARGET && later.heading().side() == Side.SOURCE) {
      return new MovedOn(name,
          "migration %s has moved it to %s since".formatted(later.session(), later.heading().peer()));
    }
    return new Gone(name, "it has been in migration %s since".formatted(later.session()));
  }

  private FoundDevice open(String name, DeviceAddress address, boolean isHeld) {
    OpenDevice device;
    try {
      device = address.open(output::warning);
    } catch (IOException e) {
      return absent(name, address, isHeld, e);
    }
    if (device.isAnew()) {
      device.close();
      return isHeld
          ? new Unchecked(name, "the process that moved it still runs, and its server shows another device",
              true)
          : new Gone(name, "its server reset it, or ended it, when its client went");
    }
    try {
      return new Answering(device, device.device().state());
    } catch (DeviceException e) {
      device.close();
      return new Unchecked(name, Failures.words(e), true);
    }
  }

  private static FoundDevice absent(String name, DeviceAddress address, boolean isHeld, IOException failure) {
    Optional<Errno> errno = errno(failure);
    boolean noServer = errno.filter(value -> value.equals(Errno.ENOENT) || value.equals(Errno.ECONNREFUSED))
        .isPresent();
    if (!(address instanceof DeviceAddress.VfioUser served) || !noServer) {
      return new Unchecked(name, Failures.words(failure), errno.filter(Errno.EBUSY::equals).isPresent());
    }
    if (isHeld) { // Servers are known that listen no longer once they have a client.
      return new Unchecked(name,
          "no process listens for it, and the one that moved it may still be connected", false);
    }
    try {
      return ListeningSockets.include(served.socket())
          ? new Unchecked(name, "its server runs, and its socket file was removed or replaced", true)
          : new Gone(name, "no process serves it");
    } catch (IOException e) {
      return new Unchecked(name, "whether its server runs cannot be found out: " + Failures.words(e), false);
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

  List<FoundDevice> list() {
    return List.copyOf(devices);
  }

  /** Returns those of which something holds, with what was found of each: a part of a sentence, empty for none. */
  String words(Predicate<FoundDevice> condition) {
    return devices.stream().filter(condition).map(device -> device.name() + " " + device.words())
        .collect(Collectors.joining("; "));
  }

  /** Returns the names of those of which something holds: a part of a sentence, empty for none. */
  String names(Predicate<FoundDevice> condition) {
    return devices.stream().filter(condition).map(FoundDevice::name).collect(Collectors.joining(", "));
  }

  /** Returns what was found, in the order of the devices. */
  JsonArray json() {
    JsonArray json = new JsonArray();
    devices.forEach(device -> json.add(device.json()));
    return json;
  }

  /** Prints what was found, a line for each. */
  void tell() {
    devices.forEach(device -> output.line("  %s %s".formatted(device.name(), device.words())));
  }

  /**
   * Stops devices and resets them, and checks that each is as a reset leaves it. One whose server is not known to reset it
   * is only stopped.
   *
   * @param which those to reset, of the ones that answer
   * @return of which of them that is not so, or it is not known whether they run; empty for none
   */
  List<String> fence(Predicate<Answering> which) {
    List<String> still = new ArrayList<>();
    for (FoundDevice device : devices) {
      if (device instanceof Answering answering && which.test(answering)) {
        fence(answering).ifPresent(reason -> still.add(answering.name() + ": " + reason));
      }
    }
    return still;
  }

  /** Returns the names of those that were reset, whose state here is lost with that: a part of a sentence, empty for none. */
  String lost() {
    return String.join(", ", lost);
  }

  /** It is stopped first: that a reset did something shows only in a device that it found stopped. */
  private Optional<String> fence(Answering found) {
    try {
      if (found.mayRun()) {
        stop(found);
      }
      if (!found.device().isKnownToReset()) {
        return leaveStopped(found);
      }
      return reset(found);
    } catch (DeviceException e) {
      return stillRuns(found, Failures.words(e));
    }
  }

  /** One that does not stop, and is known to reset, is fenced by that alone. */
  private static void stop(Answering found) throws DeviceException {
    try {
      found.device().device().moveTo(DeviceState.STOP);
    } catch (TransitionException e) {
      boolean isServed = found.device().device() instanceof VfioUserClient;
      if (e.reached().isRunning() && !(isServed && found.device().isKnownToReset())) {
        throw e;
      }
    }
  }

  private Optional<String> leaveStopped(Answering found) throws DeviceException {
    DeviceState now = found.device().device().state();
    String remedy = "its server is not known to reset it; restart it before the device is used again";
    if (!found.mayRun()) {
      return stillRuns(found, remedy);
    }
    if (now != DeviceState.STOP) {
      return Optional.of("it was told to stop, and is in " + now);
    }
    LeftDevices.tell(output, found.name(), "fenced",
        "ran, and has been stopped: it stays in STOP, not reset");
    return stillRuns(found, remedy);
  }

  private Optional<String> reset(Answering found) throws DeviceException {
    found.device().device().reset();
    lost.add(found.name());
    DeviceState now = found.device().device().state();
    if (now != DeviceState.RUNNING) {
      return stillRuns(found, "its reset left it in " + now);
    }
    LeftDevices.tell(output, found.name(), found.mayRun() ? "fenced" : "discarded",
        (found.mayRun() ? "ran" : "was stopped with a state") + ", and has been reset");
    return Optional.empty();
  }

  /** One that is not reset, and is stopped all the same, is as good for this. */
  private Optional<String> stillRuns(Answering found, String reason) {
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
  void run() throws DeviceException {
    List<Answering> answering =
        devices.stream().filter(Answering.class::isInstance).map(Answering.class::cast).toList();
    LeftDevices.run(answering.stream().map(found -> found.device().device()).toList());
    for (Answering found : answering) {
      DeviceState now = found.device().device().state();
      if (now != DeviceState.RUNNING) {
        throw new DeviceException(found.name(), "run", Errno.EIO,
            "%s was told to run, and is in %s".formatted(found.name(), now), null);
      }
      if (found.state() != DeviceState.RUNNING) {
        LeftDevices.tell(output, found.name(), "resumed",
            "was in %s, and runs again".formatted(found.state()));
      }
    }
  }

  @Override
  public void close() {
    for (FoundDevice device : devices) {
      if (device instanceof Answering answering) {
        answering.device().close();
      }
    }
  }
}
