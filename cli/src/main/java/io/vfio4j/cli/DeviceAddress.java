// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.ClientOptions;
import io.vfio4j.vfiouser.MigrationVersions;
import io.vfio4j.vfiouser.VfioUserProbe;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import picocli.CommandLine.TypeConversionException;

/** Which device a command is about. */
sealed interface DeviceAddress {

  /** What may follow the path of a socket. */
  String BUSY_POLL = "?busy-poll=";

  /** How addresses look. */
  String FORMS = "vfio-user:PATH or sim:NAME";

  /**
   * A device that another process serves.
   *
   * @param socket the server's socket
   * @param busyPoll how long to look for an answer before sleeping
   */
  record VfioUser(Path socket, Duration busyPoll) implements DeviceAddress {
    @Override
    public OpenDevice open(Consumer<String> log) throws IOException {
      return OpenDevice.connect(socket, busyPoll);
    }

    @Override
    public JudgedDevice openToJudge(Consumer<String> log) throws IOException {
      try {
        return JudgedDevice.of(VfioUserProbe.connect(socket, ClientOptions.DEFAULT.withBusyPoll(busyPoll)));
      } catch (DeviceException e) {
        throw OpenDevice.explained(socket, e);
      }
    }

    @Override
    public String toString() {
      return "vfio-user:" + socket;
    }
  }

  /**
   * A scratch device inside the command itself.
   *
   * @param config what it is like; its name is the address's beginning
   * @param versions the versions of the migration interface that it has
   */
  record Sim(ScratchConfig config, MigrationVersions versions) implements DeviceAddress {
    @Override
    public OpenDevice open(Consumer<String> log) throws IOException {
      return OpenDevice.simulate(this, log);
    }

    @Override
    public JudgedDevice openToJudge(Consumer<String> log) throws IOException {
      OpenDevice inside = OpenDevice.simulate(this, log);
      return new JudgedDevice(VfioUserProbe.of(inside.client()), inside::close);
    }

    Sim with(ScratchConfig other) {
      return new Sim(other, versions);
    }

    @Override
    public String toString() {
      return config.name();
    }
  }

  /**
   * Opens the device.
   *
   * @param log takes what a simulated device's server has to say
   * @throws IOException if it cannot be had
   */
  OpenDevice open(Consumer<String> log) throws IOException;

  /**
   * Opens the device for whoever wants to look behind it, and nothing of it to be kept.
   *
   * @param log takes what a simulated device's server has to say
   * @throws IOException if it cannot be had
   */
  JudgedDevice openToJudge(Consumer<String> log) throws IOException;

  /**
   * Reads an address.
   *
   * @throws IllegalArgumentException with a line that says what would be right
   */
  static DeviceAddress parse(String text) {
    int colon = text.indexOf(':');
    String scheme = colon < 0 ? "" : text.substring(0, colon);
    String rest = text.substring(colon + 1);
    return switch (scheme) {
      case "vfio-user" -> vfioUser(rest);
      case "sim" -> SimAddress.parse(rest);
      case "kernel" -> throw new IllegalArgumentException(
          "kernel devices come in a later version; this one knows " + FORMS);
      default -> throw new IllegalArgumentException(text.startsWith("/") || text.startsWith(".")
          ? "'%s' is not a device; did you mean vfio-user:%s?".formatted(text, text)
          : "'%s' is not a device: give %s".formatted(text, FORMS));
    };
  }

  private static VfioUser vfioUser(String text) {
    // Few paths have a question mark; one that has is meant where nothing is known to follow.
    int option = text.lastIndexOf(BUSY_POLL);
    String path = option < 0 ? text : text.substring(0, option);
    if (path.isEmpty()) {
      throw new IllegalArgumentException("give the server's socket: vfio-user:PATH");
    }
    try {
      return new VfioUser(Path.of(path),
          option < 0 ? Duration.ZERO : DurationConverter.parse(text.substring(option + BUSY_POLL.length())));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("'%s' holds no path: %s".formatted(path, e.getReason()), e);
    } catch (TypeConversionException e) {
      throw new IllegalArgumentException("busy-poll: " + e.getMessage(), e);
    }
  }
}
