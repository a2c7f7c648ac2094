// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import com.google.gson.JsonObject;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.vfiouser.EmulatedDevice;
import io.vfio4j.vfiouser.MigrationVersions;
import io.vfio4j.vfiouser.ServerOptions;
import io.vfio4j.vfiouser.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What every command takes that serves a device, and what it does with it. To be mixed in. */
final class ServeOptions {

  @Option(names = "--socket", paramLabel = "PATH", required = true, description = "Where to listen. Only you may connect (mode 0600); a socket left by a dead server is replaced.")
  private @Nullable Path socket;

  @Option(names = "--features", paramLabel = "LIST", converter = FeaturesConverter.class, description = "What it can do of migration: of stop_copy,p2p,pre_copy, or none (default: all).")
  private MigrationFeatures features = MigrationFeatures.ALL;

  @Option(names = "--migration", paramLabel = "v1|v2|both", converter = VersionsConverter.class, description = "The versions of the migration interface that it has: v1 is a region, v2 commands (default: v2).")
  private MigrationVersions versions = MigrationVersions.V2;

  @Option(names = "--keep-state", description = "Leave a device that runs as it is when a client goes away, for every client.")
  private boolean keepState;

  @Option(names = "--once", description = "End when the first client has gone.")
  private boolean once;

  @Option(names = "--until-eof", description = "End when the standard input does: with the program that started this one.")
  private boolean untilEof;

  @Mixin
  private final RecordOption record = new RecordOption();

  /** Returns where to listen. */
  Path socket() {
    return Options.required(socket, "--socket");
  }

  /** Returns what the device can do of migration. */
  MigrationFeatures features() {
    return features;
  }

  /**
   * Serves a device until a signal, or what else is to end it, and closes it.
   *
   * @param about adds to the event that tells of the listening socket
   * @return the exit code
   */
  int serve(EmulatedDevice served, UnaryOperator<Json> about, Output output) throws IOException {
    Path path = socket();
    try (EmulatedDevice device = served;
        RecordOption.Sessions sessions = record.begin(output);
        VfioUserServer server = listen(path, device, sessions, output)) {
      JsonObject event = about.apply(Json.event("listening").with("socket", path.toString()))
          .with("features", FeatureNames.of(features)).with("pid", ProcessHandle.current().pid()).build();
      serve(path, server, event, output);
    } finally {
      // The interrupt that ended the server has done its work.
      Thread.interrupted();
    }
    return ExitCodes.DONE;
  }

  private VfioUserServer listen(Path path, EmulatedDevice device, RecordOption.Sessions sessions,
      Output output) throws IOException {
    ServerOptions options =
        sessions.in(ServerOptions.DEFAULT.withKeepState(keepState).withOnce(once).withVersions(versions));
    try {
      return VfioUserServer.listen(path, device, options, output::warning);
    } catch (LinuxException e) {
      if (e.errno().equals(Errno.EADDRINUSE)) {
        throw new CommandFailure(ExitCodes.NOT_DONE,
            path + " is in use: another server listens there, or it is not a socket", e);
      }
      throw new CommandFailure(ExitCodes.NOT_DONE, "cannot listen at %s: %s".formatted(path, e.errno()), e);
    }
  }

  private void serve(Path path, VfioUserServer server, JsonObject event, Output output)
      throws LinuxException {
    try (Termination.Registration _ = Termination.onSignal(server::stop)) {
      if (untilEof) {
        InputEnd.watch(server::stop);
      }
      output.line("listening on " + path);
      // What another program waits for is told to it even if it wants quiet.
      output.result(event);
      server.run();
    }
  }
}
