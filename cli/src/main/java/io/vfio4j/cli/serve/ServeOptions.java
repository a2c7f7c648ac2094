// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import com.google.gson.JsonObject;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.FeatureNames;
import io.vfio4j.cli.base.FeaturesConverter;
import io.vfio4j.cli.base.Json;
import io.vfio4j.cli.base.OptionValues;
import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.base.SocketFile;
import io.vfio4j.cli.base.Termination;
import io.vfio4j.cli.base.VersionsConverter;
import io.vfio4j.cli.migrate.SwapRehearsal;
import io.vfio4j.devices.DeviceOptions;
import io.vfio4j.devices.DeviceProvider;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.vfiouser.device.DeviceFactory;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.log.ServerLog;
import io.vfio4j.vfiouser.server.DeviceServer;
import io.vfio4j.vfiouser.server.KeepState;
import io.vfio4j.vfiouser.server.MigrationVersions;
import io.vfio4j.vfiouser.server.MultiDeviceServer;
import io.vfio4j.vfiouser.server.ServerOptions;
import io.vfio4j.vfiouser.server.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every command that serves a device, as a mixin, and the serving itself. */
final class ServeOptions {

  /**
   * The launcher sets this property when it records an AOT cache: the server then rehearses what it will do in a swap, so
   * that the cache has the code, and the profiles, of the part for which a VM waits.
   */
  private static final String TRAINING = "vfio4j.training";

  @Option(names = "--socket", paramLabel = "PATH", required = true, description = "Listen on the UNIX socket PATH (mode 0600). A socket left by a dead server is replaced.")
  private @Nullable Path socket;

  @Option(names = "--features", paramLabel = "LIST", converter = FeaturesConverter.class, description = "Migration features of the device: any of stop_copy,p2p,pre_copy, or none (default: all).")
  private MigrationFeatures features = MigrationFeatures.ALL;

  @Option(names = "--migration", paramLabel = "v1|v2|both", converter = VersionsConverter.class, completionCandidates = VersionsConverter.Candidates.class, description = "Versions of the migration interface: v1 is a region, v2 is the commands of Linux 5.18 and later (default: v2).")
  private MigrationVersions versions = MigrationVersions.V2;

  @Option(names = "--keep-state", description = "Keep the state of a running device when a client disconnects, even if the client did not request it.")
  private boolean keepState;

  @Option(names = "--once", description = "Exit when the first client disconnects.")
  private boolean once;

  @Option(names = "--until-eof", description = "Exit at end of file on standard input, so that the server ends with the program that started it.")
  private boolean untilEof;

  @Option(names = "--many", paramLabel = "N", arity = "0..1", fallbackValue = "16", description = "Create one device per client, destroyed when the client disconnects; at most N at a time (default: 16).")
  private @Nullable Integer many;

  @Option(names = "--control", paramLabel = "PATH", description = "Also listen on the control socket PATH (mode 0600), through which the device can be moved while a VMM is using it. Its address is control:PATH.")
  private @Nullable Path control;

  @Option(names = "--max-hold", paramLabel = "TIME", converter = DurationConverter.class, description = "With --control: how long messages of the VMM may wait while the device is moved; then the device resumes here, and the move fails (default: 4s; QEMU ends a connection after 5 s without a reply).")
  private Duration maxHold = ServerOptions.DEFAULT_MAX_HOLD;

  @Option(names = "--handover", description = "Admit a second VMM, which can become the owner of the device (vfio4j handover). Only with --control.")
  private boolean handover;

  @Option(names = "--handover-grace", paramLabel = "TIME", converter = DurationConverter.class, description = "How long a device that has lost its VMM keeps its state for a second one that has set up the same; then it is reset (default: 0s, at once). Implies --handover.")
  private @Nullable Duration handoverGrace;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec spec;

  @Mixin
  private final ServerLimitOptions limits = new ServerLimitOptions();

  @Mixin
  private final RecordOption record = new RecordOption();

  @Mixin
  private final ServerLogOptions logging = new ServerLogOptions();

  /** Returns where to listen. */
  Path socket() {
    if (socket == null) {
      throw usageError("Missing required option: '--socket=PATH'");
    }
    return socket;
  }

  /** Creates a device that logs to a server's log. */
  @FunctionalInterface
  private interface ServedDeviceFactory {
    EmulatedDevice create(String name) throws IOException;
  }

  /** Where to listen and how: what all servers of one run of the command have in common. */
  private record Service(Path path, ServerOptions options, ServerLog log, JsonObject listeningEvent,
      Output output) {
  }

  /**
   * Serves a device, or one for each client, until a signal arrives or an option ends the server.
   *
   * @param provider creates the devices; they are closed here
   * @param deviceOptions the options of the devices
   * @return the exit code
   */
  int serve(DeviceProvider provider, DeviceOptions deviceOptions, Output output) throws IOException {
    Path path = socket();
    ServerOptions options = options();
    Json event = Json.event("listening").with("socket", path.toString());
    if (control != null) {
      event.with("control", control.toString());
    }
    if (options.handoverGrace().isPresent()) {
      event.with("handover_grace_ms", options.handoverGrace().get().toMillis());
    }
    provider.properties(deviceOptions).forEach(event::with);
    event.with("features", FeatureNames.of(features)).with("devices", many == null ? 1 : many)
        .with("pid", ProcessHandle.current().pid());
    ServerLog log = logging.log(output);
    ServedDeviceFactory factory = name -> create(provider,
        DeviceSetup.named(name).withFeatures(features).withLog(log).withPassesMemory(control != null),
        deviceOptions);
    try (RecordOption.ConnectionRecording recording = record.start(output)) {
      Service service = new Service(path, recording.applyTo(options), log, event.build(), output);
      if (many == null) {
        serveOne(service, factory);
      } else {
        serveMany(service, factory, many);
      }
    } finally {
      // The interrupt that ended the server has been handled.
      Thread.interrupted();
    }
    return ExitCodes.SUCCESS;
  }

  private EmulatedDevice create(DeviceProvider provider, DeviceSetup setup, DeviceOptions options)
      throws IOException {
    try {
      return provider.create(setup, options);
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(command(), e);
    }
  }

  private void serveOne(Service service, ServedDeviceFactory devices) throws IOException {
    try (EmulatedDevice device = devices.create(service.path.toString())) {
      serve(service, () -> VfioUserServer.listen(service.path, device, service.options, service.log));
    }
  }

  private void serveMany(Service service, ServedDeviceFactory devices, int maxDevices) throws IOException {
    // Invalid options are reported now, not when the first client connects.
    devices.create(service.path.toString()).close();
    DeviceFactory factory = number -> devices.create(service.path + "#" + number);
    serve(service,
        () -> MultiDeviceServer.listen(service.path, factory, maxDevices, service.options, service.log));
  }

  private ServerOptions options() {
    SocketFile.pathLengthProblem(socket()).ifPresent(problem -> {
      throw usageError("--socket: %s: %s".formatted(socket(), problem));
    });
    if (many != null && many < 1) {
      throw usageError("--many: N must be at least 1");
    }
    if (many != null && (keepState || once)) {
      throw usageError(
          "--many: each device is destroyed when its client disconnects; leave out --keep-state and --once");
    }
    if (many != null && control != null) {
      throw usageError("--many: a control socket belongs to one device; leave out --control");
    }
    if (control != null
        && control.toAbsolutePath().normalize().equals(socket().toAbsolutePath().normalize())) {
      throw usageError("--control: %s is the path of --socket; expected another".formatted(control));
    }
    if (control == null && (handover || handoverGrace != null)) {
      throw usageError("--handover: the second VMM becomes the owner by a command; add --control PATH");
    }
    if (once && (handover || handoverGrace != null)) {
      throw usageError("--once: the server would exit when the first VMM disconnects; leave out --handover");
    }
    try {
      ServerOptions.Builder builder =
          ServerOptions.builder().keepState(keepState ? KeepState.ALWAYS : KeepState.ON_REQUEST).once(once)
              .versions(versions).maxHold(maxHold);
      if (control != null) {
        SocketFile.pathLengthProblem(control).ifPresent(problem -> {
          throw usageError("--control: %s: %s".formatted(control, problem));
        });
        builder.control(control);
      }
      if (handover || handoverGrace != null) {
        builder.handover(handoverGrace != null ? handoverGrace : Duration.ZERO);
      }
      return limits.applyTo(builder.build());
    } catch (IllegalArgumentException e) {
      throw OptionValues.usageError(command(), e);
    }
  }

  private ParameterException usageError(String message) {
    return new ParameterException(command().commandLine(), message);
  }

  private CommandSpec command() {
    return OptionValues.required(spec, "the command");
  }

  /** Creates a server that listens. */
  @FunctionalInterface
  private interface ServerFactory {
    DeviceServer start() throws LinuxException;
  }

  private DeviceServer startServer(Path path, ServerFactory listening) throws CommandException {
    try {
      return listening.start();
    } catch (LinuxException e) {
      String message = control != null && e.subject().equals(control.toString())
          ? bindFailure("the control socket " + control, control, e.errno())
          : bindFailure(path.toString(), path, e.errno());
      throw new CommandException(ExitCodes.FAILURE, message, e);
    }
  }

  /**
   * Returns why a socket could not be created, and what to do.
   *
   * @param name what the message calls it
   */
  private static String bindFailure(String name, Path path, Errno errno) {
    if (!errno.equals(Errno.EADDRINUSE)) {
      return "cannot listen on %s: %s; %s".formatted(name, errno, remedy(path, errno));
    }
    return SocketFile.nonSocketKind(path)
        .map(kind -> "cannot listen on %s: it is %s, which is not replaced".formatted(name, kind))
        .orElseGet(
            () -> name + " is in use: another server is listening there; stop it, or give another path");
  }

  private static String remedy(Path path, Errno errno) {
    return errno.equals(Errno.ENOENT)
        ? "create the directory " + path.toAbsolutePath().normalize().getParent()
        : "give a path in a directory that you may write to";
  }

  private void serve(Service service, ServerFactory factory) throws IOException {
    try (DeviceServer server = startServer(service.path, factory);
        Termination.Registration _ = Termination.onSignal(server::stop)) {
      if (untilEof) {
        StandardInputMonitor.onEndOfInput(server::stop);
      }
      if (control != null && Boolean.getBoolean(TRAINING)) {
        SwapRehearsal.once().ifPresent(service.output::warning);
      }
      service.output.line("listening on " + service.path);
      // A program that waits for this event gets it even with --quiet.
      service.output.result(service.listeningEvent);
      server.run();
    }
  }
}
