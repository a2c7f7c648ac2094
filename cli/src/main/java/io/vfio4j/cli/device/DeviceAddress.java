// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.SocketFile;
import io.vfio4j.cli.base.SpellingSuggestions;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.engine.MigrationTimeouts;
import io.vfio4j.linux.vfio.HostDevice;
import io.vfio4j.linux.vfio.HostDevices;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.linux.vfio.KernelInterface;
import io.vfio4j.linux.vfio.KernelOptions;
import io.vfio4j.linux.vfio.KernelProbe;
import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.client.ClientOptions;
import io.vfio4j.vfiouser.client.VfioUserClient;
import io.vfio4j.vfiouser.client.VfioUserProbe;
import io.vfio4j.vfiouser.server.MigrationVersions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** Which device a command is about. */
public sealed interface DeviceAddress {

  /** What may follow the path of a socket. */
  String BUSY_POLL = "?busy-poll=";

  /** What may follow the name of a kernel device. */
  String INTERFACE = "?interface=";

  /** A path, or a name, with a parameter behind it. */
  Pattern PARAMETER = Pattern.compile("([^?]+)\\?([a-z][a-z_-]*)=.*");

  /**
   * How long a device may take to move where no migration limits it: somebody waits, and can end the command. A device that
   * a migration was patient with is to be recovered too.
   */
  Duration DEFAULT_TIMEOUT = Duration.ofMinutes(1);

  /** How addresses look. */
  String SYNTAX = "vfio-user:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME";

  /**
   * A device that another process serves.
   *
   * @param socket the server's socket
   * @param busyPoll how long to look for an answer before sleeping
   * @param migrationTimeout how long an answer may take to what moves the device or carries its state
   */
  record VfioUser(Path socket, Duration busyPoll, Duration migrationTimeout) implements DeviceAddress {

    VfioUser(Path socket, Duration busyPoll) {
      this(socket, busyPoll, DEFAULT_TIMEOUT);
    }

    @Override
    public VfioUser withTimeout(Duration longer) {
      return new VfioUser(socket, busyPoll, longer);
    }

    @Override
    public OpenDevice open(Consumer<String> log) throws IOException {
      return OpenDevice.connect(this, log);
    }

    @Override
    public OpenDevice openSource(boolean reset, Consumer<String> log) throws IOException {
      return prepareSource(OpenDevice.connect(this, log), reset, log);
    }

    @Override
    public InspectedDevice openForInspection(Consumer<String> log) throws IOException {
      try {
        return InspectedDevice.of(VfioUserProbe.connect(socket, ClientOptions.DEFAULT
            .withMigrationTimeout(migrationTimeout).withBusyPoll(busyPoll)), log);
      } catch (DeviceException e) {
        throw OpenDevice.explain(socket, e);
      }
    }

    @Override
    public String absolute() {
      return "vfio-user:" + socket.toAbsolutePath().normalize();
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
   * @param migrationTimeout how long it may take to move, or to have its state carried
   */
  record Sim(ScratchConfig config, MigrationVersions versions,
      Duration migrationTimeout) implements DeviceAddress {

    Sim(ScratchConfig config, MigrationVersions versions) {
      this(config, versions, DEFAULT_TIMEOUT);
    }

    @Override
    public Sim withTimeout(Duration longer) {
      return new Sim(config, versions, longer);
    }

    @Override
    public OpenDevice open(Consumer<String> log) throws IOException {
      return OpenDevice.simulate(this, log);
    }

    @Override
    public InspectedDevice openForInspection(Consumer<String> log) throws IOException {
      OpenDevice inside = OpenDevice.simulate(this, log);
      return new InspectedDevice(VfioUserProbe.of((VfioUserClient) inside.device()), inside::close, log);
    }

    Sim with(ScratchConfig other) {
      return new Sim(other, versions, migrationTimeout);
    }

    @Override
    public String toString() {
      return config.name();
    }
  }

  /**
   * A device of the kernel's.
   *
   * @param name its PCI address, its UUID, or the path of its file
   * @param kernelInterface the interface to open it by; empty for the one that is there
   * @param host where it is
   */
  record Kernel(String name, Optional<KernelInterface> kernelInterface, Host host) implements DeviceAddress {

    Kernel(String name, Optional<KernelInterface> by) {
      this(name, by, Host.LOCAL);
    }

    @Override
    public OpenDevice open(Consumer<String> log) throws IOException {
      return OpenDevice.of(KernelDevice.open(hostDevice(), options()), log);
    }

    @Override
    public OpenDevice openSource(boolean reset, Consumer<String> log) throws IOException {
      return prepareSource(open(log), reset, log);
    }

    @Override
    public InspectedDevice openForInspection(Consumer<String> log) throws IOException {
      return InspectedDevice.of(KernelProbe.open(hostDevice(), options()), log);
    }

    public HostDevice hostDevice() throws DeviceException {
      return host.devices().find(name);
    }

    private KernelOptions options() {
      return new KernelOptions(kernelInterface, host.calls());
    }

    @Override
    public String toString() {
      return "kernel:" + name;
    }
  }

  /** Returns the address as it is understood in any working directory, without options. */
  default String absolute() {
    return toString();
  }

  /**
   * Returns the same device, opened with another patience for what moves it or carries its state.
   *
   * @param longer how long that may take, at least as long as any other call; of no account where a call is made to the
   *     kernel, which returns when it is done
   */
  default DeviceAddress withTimeout(Duration longer) {
    return this;
  }

  /** Returns devices opened with the patience of a migration, so that it is what gives a late one up. */
  static List<DeviceAddress> withTimeout(MigrationTimeouts times, List<DeviceAddress> addresses) {
    Duration usual = ClientOptions.DEFAULT.timeout();
    Duration patience = times.exchange().compareTo(usual) > 0 ? times.exchange() : usual;
    return addresses.stream().map(address -> address.withTimeout(patience)).toList();
  }

  /**
   * Opens the device to look at it, or to give it a state ({@link OpenDevice#prepareAsTarget}).
   *
   * @param log takes what a simulated device's server has to say
   * @throws IOException if it cannot be had
   */
  OpenDevice open(Consumer<String> log) throws IOException;

  /**
   * Opens the device to take its state.
   *
   * @param reset whether to reset one that does not run, which loses its state
   * @param log takes what is to be said of it
   * @throws IOException if it cannot be had, or does not run and is left alone
   */
  default OpenDevice openSource(boolean reset, Consumer<String> log) throws IOException {
    return open(log);
  }

  private static OpenDevice prepareSource(OpenDevice device, boolean reset, Consumer<String> log)
      throws IOException {
    try {
      StaleSource.prepare(device.device(), reset, log);
      return device;
    } catch (IOException | RuntimeException e) {
      device.close();
      throw e;
    }
  }

  /**
   * Opens the device for whoever wants to look behind it, and nothing of it to be kept.
   *
   * @param log takes what a simulated device's server has to say
   * @throws IOException if it cannot be had
   */
  InspectedDevice openForInspection(Consumer<String> log) throws IOException;

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
      case "kernel" -> kernel(rest);
      default -> throw new IllegalArgumentException(text.startsWith("/") || text.startsWith(".")
          ? "'%s' is not a device; did you mean vfio-user:%s?".formatted(text, text)
          : "'%s' is not a device: give %s".formatted(text, SYNTAX));
    };
  }

  private static Kernel kernel(String text) {
    int option = text.indexOf(INTERFACE);
    String name = option < 0 ? text : text.substring(0, option);
    rejectUnknownParameter("kernel:", name, List.of("interface"));
    if (!HostDevices.isName(name)) {
      throw new IllegalArgumentException(
          "'kernel:%s' names no device: give %s".formatted(name, HostDevices.ADDRESS_FORMS));
    }
    return new Kernel(name,
        option < 0 ? Optional.empty()
            : Optional.of(kernelInterface(text.substring(option + INTERFACE.length()))));
  }

  private static KernelInterface kernelInterface(String text) {
    return switch (text) {
      case "group" -> KernelInterface.GROUP;
      case "cdev" -> KernelInterface.CDEV;
      default ->
        throw new IllegalArgumentException("interface: give group or cdev, not '%s'".formatted(text));
    };
  }

  /** Whoever misspells a parameter is not to look for a socket of that name. */
  private static void rejectUnknownParameter(String scheme, String text, List<String> known) {
    Matcher parameter = PARAMETER.matcher(text);
    if (parameter.matches() && !Files.exists(Path.of(text))) {
      String name = parameter.group(2);
      throw new IllegalArgumentException("%s%s has no parameter '%s'; %s".formatted(scheme,
          parameter.group(1), name,
          SpellingSuggestions.closest(name, known).map("did you mean %s?"::formatted)
              .orElse("there is " + String.join(", ", known))));
    }
  }

  private static VfioUser vfioUser(String text) {
    // Few paths have a question mark; one that has is meant where such a file is there.
    int option = text.lastIndexOf(BUSY_POLL);
    String path = option < 0 ? text : text.substring(0, option);
    rejectUnknownParameter("vfio-user:", path, List.of("busy-poll"));
    if (path.isEmpty()) {
      throw new IllegalArgumentException("give the server's socket: vfio-user:PATH");
    }
    try {
      SocketFile.pathLengthProblem(Path.of(path)).ifPresent(problem -> {
        throw new IllegalArgumentException("vfio-user:%s: %s".formatted(path, problem));
      });
      return new VfioUser(Path.of(path),
          option < 0 ? Duration.ZERO : DurationConverter.parse(text.substring(option + BUSY_POLL.length())));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("'%s' holds no path: %s".formatted(path, e.getReason()), e);
    } catch (TypeConversionException e) {
      throw new IllegalArgumentException("busy-poll: " + e.getMessage(), e);
    }
  }
}
