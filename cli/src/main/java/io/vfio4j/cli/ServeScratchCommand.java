// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.devices.scratch.Fault;
import io.vfio4j.devices.scratch.ScratchConfig;
import io.vfio4j.devices.scratch.ScratchDevice;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.vfiouser.MigrationVersions;
import io.vfio4j.vfiouser.ServerOptions;
import io.vfio4j.vfiouser.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "scratch", description = {"Serve a scratch device, which is made for testing migration.",
    "It serves one client after the other until SIGTERM or Ctrl-C, and then removes its socket."}, footer = {
        "", "Examples:", "  Serve a device whose internal memory holds a file:",
        "    vfio4j serve scratch --socket /tmp/a.sock --memory 256m --load big.iso",
        "  Serve one that fails to load a state, once:",
        "    vfio4j serve scratch --socket /tmp/b.sock --memory 256m --fault 'arc=RESUMING>STOP,errno=EIO,times=1'",
        "  Serve one without pre-copy:",
        "    vfio4j serve scratch --socket /tmp/c.sock --features stop_copy,p2p",
        "  Serve one as devices were before Linux 5.18, with a migration region:",
        "    vfio4j serve scratch --socket /tmp/d.sock --migration v1", "", "Faults (--fault):",
        "  arc=FROM>TO,errno=E[,error][,times=N]   the step fails; with error, into ERROR",
        "  arc=FROM>TO,delay=D[,times=N]           the step takes D longer",
        "  read,at=N,errno=E   read,at=N,cut       reading the state fails, or ends, at byte N",
        "  write,at=N,errno=E  write,at=N,cut      writing it fails, or is dropped, from byte N on",
        "  slow=RATE                               the state is read at RATE bytes a second",
        "  announce=SIZE                           SIZE is announced, whatever there is",
        "  traffic=skip|repeat|restart             the traffic cheats after a state was loaded"})
final class ServeScratchCommand implements Callable<Integer> {

  @Option(names = "--socket", paramLabel = "PATH", required = true, description = "Where to listen. Only you may connect (mode 0600); a socket left by a dead server is replaced.")
  private @Nullable Path socket;

  @Option(names = "--memory", paramLabel = "SIZE", converter = SizeConverter.class, description = "Internal memory, a multiple of 4k (default: 64m).")
  private long memory = ScratchConfig.DEFAULT_MEMORY_SIZE;

  @Option(names = "--load", paramLabel = "FILE", description = "Fill the internal memory with as much of FILE as fits (default: zeros).")
  private @Nullable Path load;

  @Option(names = "--features", paramLabel = "LIST", converter = FeaturesConverter.class, description = "What it can do of migration: of stop_copy,p2p,pre_copy, or none (default: all).")
  private MigrationFeatures features = MigrationFeatures.ALL;

  @Option(names = "--migration", paramLabel = "v1|v2|both", converter = VersionsConverter.class, description = "The versions of the migration interface that it has: v1 is a region, v2 commands (default: v2).")
  private MigrationVersions versions = MigrationVersions.V2;

  @Option(names = "--fault", paramLabel = "SPEC", converter = FaultConverter.class, description = "Something that goes wrong, as below; may be given several times.")
  private List<Fault> faults = new ArrayList<>();

  @Option(names = "--keep-state", description = "Leave a device that runs as it is when a client goes away, for every client.")
  private boolean keepState;

  @Option(names = "--once", description = "End when the first client has gone.")
  private boolean once;

  @Option(names = "--mappable", description = "Let clients map the internal memory; changes are found by comparing.")
  private boolean mappable;

  @Option(names = "--until-eof", description = "End when the standard input does: with the program that started this one.")
  private boolean untilEof;

  @Mixin
  private final RecordOption record = new RecordOption();

  @Mixin
  private final CommonOptions common = new CommonOptions();

  @Override
  public Integer call() throws IOException {
    Output output = common.output();
    Path path = Options.required(socket, "--socket");
    ScratchConfig config = config(path.toString());
    try (ScratchDevice device = device(config, output);
        RecordOption.Sessions sessions = record.begin(output);
        VfioUserServer server = listen(path, device, sessions, output)) {
      serve(path, server, output);
    } finally {
      // The interrupt that ended the server has done its work.
      Thread.interrupted();
    }
    return ExitCodes.DONE;
  }

  private ScratchConfig config(String name) {
    try {
      ScratchConfig config = ScratchConfig.named(name).withMemorySize(memory).withFeatures(features)
          .withFaults(faults).withMappable(mappable);
      return load == null ? config : config.withLoad(Options.readableFile(common.spec(), "--load", load));
    } catch (IllegalArgumentException e) {
      throw Options.wrong(common.spec(), e);
    }
  }

  private ScratchDevice device(ScratchConfig config, Output output) throws IOException {
    try {
      return new ScratchDevice(config, output::warning, System::nanoTime);
    } catch (IllegalArgumentException e) {
      throw Options.wrong(common.spec(), e);
    }
  }

  private VfioUserServer listen(Path path, ScratchDevice device, RecordOption.Sessions sessions,
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

  private void serve(Path path, VfioUserServer server, Output output) throws LinuxException {
    try (Termination.Registration _ = Termination.onSignal(server::stop)) {
      if (untilEof) {
        InputEnd.watch(server::stop);
      }
      output.line("listening on " + path);
      // What another program waits for is told to it even if it wants quiet.
      output.result(Json.event("listening").with("socket", path.toString()).with("memory_bytes", memory)
          .with("features", FeatureNames.of(features)).with("pid", ProcessHandle.current().pid()).build());
      server.run();
    }
  }
}
