// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ExitCodes;
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

/**
 * The address of a device on the command line.
 *
 * <pre>
 * address   = "vfio-user:" PATH [ "?busy-poll=" DURATION ]
 *           | "control:" PATH
 *           | "kernel:" ( PCI-ADDRESS | UUID | PATH ) [ "?interface=" ( "group" | "cdev" ) ]
 *           | "sim:" NAME [ "?" parameters ]          (see {@link SimAddress})
 * </pre>
 */
public sealed interface DeviceAddress {

  /** The parameter of a vfio-user address. */
  String BUSY_POLL = "?busy-poll=";

  /** The parameter of a kernel address. */
  String INTERFACE = "?interface=";

  /** A path or name followed by a parameter. */
  Pattern PARAMETER = Pattern.compile("([^?]+)\\?([a-z][a-z_-]*)=.*");

  /**
   * The timeout for state transitions and migration data outside a migration: long, since the command can be interrupted,
   * and a device that a migration allowed more time must be recoverable.
   */
  Duration DEFAULT_TIMEOUT = Duration.ofMinutes(1);

  /** The words before the colon. */
  List<String> SCHEMES = List.of("vfio-user", "control", "kernel", "sim");

  /** The forms of addresses, for help texts and messages. */
  String SYNTAX = "vfio-user:PATH, control:PATH, kernel:PCI-ADDRESS, kernel:UUID or sim:NAME";

  /**
   * A device that another process serves.
   *
   * @param socket the server's socket
   * @param busyPoll how long to poll for a reply before sleeping
   * @param migrationTimeout timeout for replies to state transitions and migration data
   */
  record VfioUser(Path socket, Duration busyPoll, Duration migrationTimeout) implements DeviceAddress {

    VfioUser(Path socket, Duration busyPoll) {
      this(socket, busyPoll, DEFAULT_TIMEOUT);
    }

    @Override
    public VfioUser withTimeout(Duration timeout) {
      return new VfioUser(socket, busyPoll, timeout);
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
   * A device that another process serves, through its control socket: a VMM may be using it.
   *
   * @param socket the control socket
   * @param migrationTimeout timeout for replies to state transitions and migration data
   */
  record Control(Path socket, Duration migrationTimeout) implements DeviceAddress {

    Control(Path socket) {
      this(socket, DEFAULT_TIMEOUT);
    }

    @Override
    public Control withTimeout(Duration timeout) {
      return new Control(socket, timeout);
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
      throw new CommandException(ExitCodes.USAGE,
          "%s: a control socket gives no access to registers; give the device's own socket, vfio-user:PATH"
              .formatted(this),
          null);
    }

    @Override
    public String absolute() {
      return "control:" + socket.toAbsolutePath().normalize();
    }

    @Override
    public String toString() {
      return "control:" + socket;
    }
  }

  /**
   * A scratch device within the command itself.
   *
   * @param config its configuration; its name is the address without parameters
   * @param versions the versions of the migration interface that it offers
   * @param migrationTimeout timeout for state transitions and migration data
   */
  record Sim(ScratchConfig config, MigrationVersions versions,
      Duration migrationTimeout) implements DeviceAddress {

    Sim(ScratchConfig config, MigrationVersions versions) {
      this(config, versions, DEFAULT_TIMEOUT);
    }

    @Override
    public Sim withTimeout(Duration timeout) {
      return new Sim(config, versions, timeout);
    }

    @Override
    public OpenDevice open(Consumer<String> log) throws IOException {
      return OpenDevice.simulate(this, log);
    }

    @Override
    public InspectedDevice openForInspection(Consumer<String> log) throws IOException {
      OpenDevice simulated = OpenDevice.simulate(this, log);
      return new InspectedDevice(VfioUserProbe.of((VfioUserClient) simulated.device()), simulated::close,
          log);
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
   * A kernel device.
   *
   * @param name its PCI address, its UUID, or the path of its file
   * @param kernelInterface the interface to open it through; empty to use the one available
   * @param host the host that has the device
   */
  record Kernel(String name, Optional<KernelInterface> kernelInterface, Host host) implements DeviceAddress {

    Kernel(String name, Optional<KernelInterface> kernelInterface) {
      this(name, kernelInterface, Host.LOCAL);
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

  /** Returns the address independent of the working directory, without parameters. */
  default String absolute() {
    return toString();
  }

  /**
   * Returns the address with another timeout for state transitions and migration data. It has no effect on kernel devices,
   * whose calls return when they are done.
   *
   * @param timeout at least the timeout of other calls
   */
  default DeviceAddress withTimeout(Duration timeout) {
    return this;
  }

  /** Returns addresses with the timeouts of a migration, so that the migration detects a late device first. */
  static List<DeviceAddress> withTimeout(MigrationTimeouts timeouts, List<DeviceAddress> addresses) {
    Duration usual = ClientOptions.DEFAULT.timeout();
    Duration timeout = timeouts.exchange().compareTo(usual) > 0 ? timeouts.exchange() : usual;
    return addresses.stream().map(address -> address.withTimeout(timeout)).toList();
  }

  /**
   * Opens the device to inspect it, or to load a state into it ({@link OpenDevice#prepareAsTarget}).
   *
   * @param log receives warnings, and the log of a simulated device's server
   * @throws IOException if it cannot be opened
   */
  OpenDevice open(Consumer<String> log) throws IOException;

  /**
   * Opens the device to save its state.
   *
   * @param reset whether to reset a device that does not run, which loses its state
   * @param log receives warnings, and the log of a simulated device's server
   * @throws IOException if it cannot be opened, or does not run and is not to be reset
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
   * Opens the device with access to its implementation; its server need not keep its state.
   *
   * @param log receives warnings, and the log of a simulated device's server
   * @throws IOException if it cannot be opened
   */
  InspectedDevice openForInspection(Consumer<String> log) throws IOException;

  /**
   * Parses an address.
   *
   * @throws IllegalArgumentException with a one-line message that says what is expected
   */
  static DeviceAddress parse(String text) {
    int colon = text.indexOf(':');
    String scheme = colon < 0 ? "" : text.substring(0, colon);
    String rest = text.substring(colon + 1);
    return switch (scheme) {
      case "vfio-user" -> vfioUser(rest);
      case "control" -> control(rest);
      case "sim" -> SimAddress.parse(rest);
      case "kernel" -> kernel(rest);
      default -> throw new IllegalArgumentException("'%s' is not a device address; %s".formatted(text,
          text.startsWith("/") || text.startsWith(".") ? "did you mean vfio-user:%s?".formatted(text)
              : SpellingSuggestions.closest(scheme, SCHEMES)
                  .map(known -> "did you mean %s:%s?".formatted(known, rest))
                  .orElse("expected " + SYNTAX)));
    };
  }

  private static Control control(String text) {
    if (text.isEmpty()) {
      throw new IllegalArgumentException("expected the path of the server's control socket: control:PATH");
    }
    return new Control(socketPath("control:", text));
  }

  private static Path socketPath(String scheme, String text) {
    try {
      SocketFile.pathLengthProblem(Path.of(text)).ifPresent(problem -> {
        throw new IllegalArgumentException("%s%s: %s".formatted(scheme, text, problem));
      });
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("'%s' is not a valid path: %s".formatted(text, e.getReason()), e);
    }
  }

  private static Kernel kernel(String text) {
    int option = text.indexOf(INTERFACE);
    String name = option < 0 ? text : text.substring(0, option);
    rejectUnknownParameter("kernel:", name, List.of("interface"));
    if (!HostDevices.isName(name)) {
      throw new IllegalArgumentException(
          "'kernel:%s' is not a device address; expected %s".formatted(name, HostDevices.ADDRESS_FORMS));
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
        throw new IllegalArgumentException(
            "interface: '%s' is not valid; expected group or cdev".formatted(text));
    };
  }

  /** Rejects a misspelt parameter, instead of looking for a file of that name. */
  private static void rejectUnknownParameter(String scheme, String text, List<String> known) {
    Matcher parameter = PARAMETER.matcher(text);
    if (parameter.matches() && !Files.exists(Path.of(text))) {
      String name = parameter.group(2);
      throw new IllegalArgumentException("%s%s has no parameter '%s'; %s".formatted(scheme,
          parameter.group(1), name,
          SpellingSuggestions.closest(name, known).map("did you mean %s?"::formatted)
              .orElse("known: " + String.join(", ", known))));
    }
  }

  private static VfioUser vfioUser(String text) {
    // A path with a question mark is taken literally if such a file exists.
    int option = text.lastIndexOf(BUSY_POLL);
    String path = option < 0 ? text : text.substring(0, option);
    rejectUnknownParameter("vfio-user:", path, List.of("busy-poll"));
    if (path.isEmpty()) {
      throw new IllegalArgumentException("expected the path of the server's socket: vfio-user:PATH");
    }
    try {
      return new VfioUser(socketPath("vfio-user:", path),
          option < 0 ? Duration.ZERO : DurationConverter.parse(text.substring(option + BUSY_POLL.length())));
    } catch (TypeConversionException e) {
      throw new IllegalArgumentException("busy-poll: " + e.getMessage(), e);
    }
  }
}
